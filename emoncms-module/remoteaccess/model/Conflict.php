<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * The settings are no longer what the page showed when it was asked to change them.
 */
final class Conflict extends Refused
{
    public function __construct(public readonly ?Settings $settings = null, array $details = [])
    {
        parent::__construct(
            tr('The settings were changed in the meantime, in another window or by another person.'),
            409,
            ['conflict' => true] + $details
        );
    }

    /**
     * The same, with more to tell.
     */
    public function with(array $details): self
    {
        return new self($this->settings, $details + $this->details);
    }
}
