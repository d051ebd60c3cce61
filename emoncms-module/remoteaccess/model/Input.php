<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Members of a request's body, of the type they must have.
 */
final class Input
{
    public static function text(object $body, string $name): string
    {
        $value = $body->$name ?? '';
        if (!is_string($value) || strlen($value) > 4096) throw Refused::malformed();
        return $value;
    }

    public static function flag(object $body, string $name): bool
    {
        $value = $body->$name ?? null;
        if (!is_bool($value)) throw Refused::malformed();
        return $value;
    }

    /**
     * Null where the request does not say, as one of an older page.
     */
    public static function flagIfAny(object $body, string $name): ?bool
    {
        return property_exists($body, $name) ? self::flag($body, $name) : null;
    }

    public static function oneOf(object $body, string $name, array $values): string
    {
        $value = self::text($body, $name);
        if (!in_array($value, $values, true)) throw Refused::malformed();
        return $value;
    }

    /**
     * A list as the page had it, right or wrong.
     */
    public static function list(object $body, string $name): array
    {
        $value = $body->$name ?? null;
        if (!is_object($value)) throw Refused::malformed();
        return array_filter(get_object_vars($value), 'is_string');
    }

    public static function port(object $body, string $name): ?int
    {
        $value = self::text($body, $name);
        if ($value === '') return null;
        $port = filter_var($value, FILTER_VALIDATE_INT, Credential::PORTS);
        if ($port === false) throw new Refused(tr('The port must be a number from 1 to 65535. Usually it is 8883.'));
        return $port;
    }

    /**
     * The address of this emoncms as the agent calls it; the same rules as the agent's.
     */
    public static function url(object $body, string $name): ?string
    {
        $value = rtrim(trim(self::text($body, $name)), '/');
        if ($value === '') return null;
        $fine = preg_match('~\Ahttps?://[^\s/?#@]+(/[^\s?#@]*)?\z~', $value) && parse_url($value, PHP_URL_HOST);
        if (!$fine) throw new Refused(tr('The address of this emoncms must look like http://localhost/emoncms.'));
        return $value;
    }
}
