<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Where the agent, on the same machine, finds this emoncms.
 */
final class LocalAddress
{
    /**
     * Over plain HTTP: a certificate is for the name that visitors use, not for localhost.
     */
    public static function guess(array $server): string
    {
        $is_https = !empty($server['HTTPS']) && $server['HTTPS'] !== 'off';
        $port = $is_https ? 80 : (int) ($server['SERVER_PORT'] ?? 80);
        $folder = rtrim(strtr(dirname($server['SCRIPT_NAME'] ?? '/emoncms/index.php'), '\\', '/'), '/');
        return 'http://localhost' . ($port > 0 && $port !== 80 ? ":$port" : '') . $folder;
    }
}
