<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/*
 * One way for both: emoncms of today has tr() with one table for all modules, which the next module's menu replaces;
 * emoncms 11.4 has gettext with compiled files. This reads locale/<language>.json, the file format of today, itself.
 */

function tr(string $text): string
{
    $translated = translations()[$text] ?? '';
    return $translated === '' ? $text : $translated;
}

/**
 * @return array<string,string> everything in the language of this page; empty for English
 */
function translations(): array
{
    static $tables = [];

    $language = language();
    if (!isset($tables[$language])) {
        $file = dirname(__DIR__) . "/locale/$language.json";
        $table = is_file($file) ? json_decode(file_get_contents($file), true) : null;
        $tables[$language] = is_array($table) ? $table : [];
    }
    return $tables[$language];
}

/**
 * Such as fr_FR. emoncms of today keeps it in a global, 11.4 in the environment for gettext.
 */
function language(): string
{
    $language = $GLOBALS['language'] ?? strtok((string) getenv('LC_ALL'), '.');
    return is_string($language) && preg_match('/\A[a-z]{2}_[A-Z]{2}\z/', $language) ? $language : 'en_GB';
}
