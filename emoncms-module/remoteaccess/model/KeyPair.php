<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * The two API keys of an emoncms user. They go from emoncms' database to the settings file, and nowhere else.
 */
final class KeyPair
{
    public function __construct(public readonly string $read, public readonly string $write)
    {
    }

    /**
     * @param \User $user emoncms' model
     */
    public static function ofUser($user, int $userid): self
    {
        $pair = new self((string) $user->get_apikey_read($userid), (string) $user->get_apikey_write($userid));
        if ($pair->isComplete()) return $pair;
        throw new Refused(tr('Your emoncms account has no API keys. Please make new ones on the page “My Account”, then try again.'));
    }

    public function isComplete(): bool
    {
        return $this->read !== '' && $this->write !== '';
    }

    /**
     * How these keys, from the settings file, stand to the user's own: "none", "current", "outdated",
     * or "other" where they are another emoncms user's.
     */
    public function comparedTo(self $own, $user, int $userid): string
    {
        if ($this->read === '' && $this->write === '') return 'none';
        if (hash_equals($own->read, $this->read) && hash_equals($own->write, $this->write)) return 'current';

        $owners = [$user->get_id_from_apikey($this->read), $user->get_id_from_apikey($this->write)];
        $is_other = $owners[0] && $owners[0] === $owners[1] && (int) $owners[0] !== $userid;
        return $is_other ? 'other' : 'outdated';
    }
}
