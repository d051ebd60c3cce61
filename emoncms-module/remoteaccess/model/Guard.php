<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Who may see and change this. A request that came through remote access never may.
 */
final class Guard
{
    public const MAX_BODY_BYTES = 256 * 1024;

    /**
     * @param \User $user emoncms' model
     */
    public static function isOwner(array $session, $user): bool
    {
        if (!self::isInteractive($session)) return false;
        if (empty($session['write']) || empty($session['userid']) || !empty($session['public_userid'])) return false;
        return !empty($session['admin']) || (int) $user->get_number_of_users() === 1;
    }

    /**
     * A login by name and password. emoncms marks the sessions of API keys since August 2026; before, and for device
     * keys, such a request is known by having no PHP session.
     */
    public static function isInteractive(array $session): bool
    {
        return empty($session['apikey']) && session_status() === PHP_SESSION_ACTIVE;
    }

    /**
     * Whether a request comes from a page of this emoncms. Browsers send Sec-Fetch-Site over HTTPS only, and Origin
     * with every POST. Another port of the same host has our cookies, but is another origin.
     *
     * @param string $path emoncms' own address
     */
    public static function isSameOrigin(array $server, string $path): bool
    {
        $site = $server['HTTP_SEC_FETCH_SITE'] ?? null;
        if ($site !== null && $site !== 'same-origin') return false;

        $origin = $server['HTTP_ORIGIN'] ?? null;
        if ($origin === null) return $site === 'same-origin';
        return $origin === self::originOf($path) || self::hostOf($origin) === strtolower($server['HTTP_HOST'] ?? '');
    }

    /**
     * @throws Refused unless it is a JSON object
     */
    public static function body(array $server, string $stream = 'php://input'): object
    {
        $type = strtolower(trim(strtok($server['CONTENT_TYPE'] ?? '', ';')));
        if ($type !== 'application/json') throw Refused::malformed();

        $text = (string) file_get_contents($stream, false, null, 0, self::MAX_BODY_BYTES + 1);
        $body = strlen($text) > self::MAX_BODY_BYTES ? null : json_decode($text, false, 16);
        if (!is_object($body)) throw Refused::malformed();
        return $body;
    }

    private static function originOf(string $address): string
    {
        $parts = parse_url($address);
        $port = isset($parts['port']) ? ':' . $parts['port'] : '';
        return ($parts['scheme'] ?? '') . '://' . strtolower($parts['host'] ?? '') . $port;
    }

    private static function hostOf(string $origin): string
    {
        return strtolower(preg_replace('~\Ahttps?://~', '', $origin));
    }
}
