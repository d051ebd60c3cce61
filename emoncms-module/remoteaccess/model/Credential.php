<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * What the agent signs in with at the server's MQTT broker.
 */
final class Credential
{
    public const PORTS = ['options' => ['min_range' => 1, 'max_range' => 65535]];

    /**
     * As the agent has it: an account, or account.home.
     */
    private const USERNAME = '/\A[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64})?\z/';
    private const MAX_PASSWORD = 1024;

    public function __construct(
        public readonly string $username,
        #[\SensitiveParameter] public readonly string $password,
        public readonly ?int $port = null
    ) {
    }

    /**
     * The credential for this device alone that a server of today offers, so that the account's password need not
     * be kept; null where it offers none.
     *
     * @throws Refused where it offers one that cannot be used: the password is then not kept either
     */
    public static function offeredIn(object $answer): ?self
    {
        if (!property_exists($answer, 'remoteaccess')) return null;

        $offer = $answer->remoteaccess;
        $username = $offer->mqtt_username ?? null;
        $password = $offer->mqtt_password ?? null;
        $port = $offer->mqtt_port ?? null;
        $fine = is_string($username) && preg_match(self::USERNAME, $username)
            && is_string($password) && preg_match('/\A[^\x00-\x1f\x7f]+\z/', $password) && strlen($password) <= self::MAX_PASSWORD
            && ($port === null || (!is_bool($port) && filter_var($port, FILTER_VALIDATE_INT, self::PORTS)));
        if (!$fine) throw new Refused(tr('The server accepted your password, but its answer cannot be used. Please tell the people who run it.'));
        return new self($username, $password, $port === null ? null : (int) $port);
    }

    /**
     * A server of the first generation: name and password serve for MQTT as well.
     */
    public static function ofAccount(string $username, #[\SensitiveParameter] string $password): self
    {
        return new self($username, $password);
    }
}
