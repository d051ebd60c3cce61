<?php

/* What emoncms offers to a module. */

function controller(string $name): array
{
    $script = "Modules/$name/{$name}_controller.php";
    if (!is_file($script)) return ['content' => EMPTY_ROUTE];
    load_language_files("Modules/$name/locale");
    require_once $script;
    $output = ("{$name}_controller")();
    return is_array($output) && isset($output['content']) ? $output : ['content' => $output];
}

function view(string $filepath, array $args = []): string
{
    global $path;
    $args['path'] = $path;
    extract($args);
    ob_start();
    include $filepath;
    return ob_get_clean();
}

function load_menu(): void
{
    global $menu;
    foreach (glob('Modules/*/*_menu.php') as $file) {
        load_language_files(dirname($file) . '/locale');
        require $file;
    }
}

function stage_route(): stdClass
{
    $q = trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/');
    [$q, $format] = explode('.', preg_replace('/[^.\/_A-Za-z0-9-]/', '', $q)) + [1 => 'html'];
    [$controller, $action, $subaction] = explode('/', $q) + ['', '', ''];
    return (object) compact('controller', 'action', 'subaction', 'format');
}

if (STAGE['generation'] === 'today') {
    function load_language_files($path, $context = false)
    {
        $GLOBALS['translations'] = json_decode(@file_get_contents("$path/{$GLOBALS['language']}.json") ?: '[]', true);
    }

    function tr($text)
    {
        return $GLOBALS['translations'][$text] ?? $text;
    }

    function load_js(string $file, bool $filemtime = true, $module = false): void
    {
        echo '<script src="' . $GLOBALS['path'] . $file . '?v=' . filemtime($file) . '"></script>';
    }

    function load_css(string $file, bool $filemtime = true): void
    {
        echo '<link rel="stylesheet" href="' . $GLOBALS['path'] . $file . '?v=' . filemtime($file) . '">';
    }

    function stage_language(string $language): void
    {
        $GLOBALS['language'] = $language ?: 'en_GB';
    }
} else {
    function load_language_files($path, $domain = 'messages')
    {
        // gettext, which has nothing of ours
    }

    function stage_language(string $language): void
    {
        putenv('LC_ALL=' . ($language ?: 'en_GB') . '.UTF8');
    }
}
