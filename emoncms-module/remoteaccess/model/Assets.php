<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Scripts and styles, by emoncms' load_js() and load_css() where it has them (11.4 has not).
 */
final class Assets
{
    private const FOLDER = 'Modules/remoteaccess';

    public static function script(string $file): void
    {
        $file = self::FOLDER . "/$file";
        if (function_exists('load_js')) load_js($file);
        else printf("<script src=\"%s\"></script>\n", self::address($file));
    }

    public static function style(string $file): void
    {
        $file = self::FOLDER . "/$file";
        if (function_exists('load_css')) load_css($file);
        else printf("<link rel=\"stylesheet\" href=\"%s\">\n", self::address($file));
    }

    /**
     * JSON that cannot end the script element it stands in.
     */
    public static function json(array $value): string
    {
        return json_encode($value, JSON_HEX_TAG | JSON_HEX_AMP | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
    }

    private static function address(string $file): string
    {
        global $path;
        return htmlspecialchars($path . $file) . '?v=' . (int) @filemtime($file);
    }
}
