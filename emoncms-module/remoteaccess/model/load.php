<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

require_once __DIR__ . '/language.php';

// emoncms has no autoloader, and this one knows our own names only.
spl_autoload_register(function (string $class): void {
    $file = __DIR__ . '/' . substr($class, strlen(__NAMESPACE__) + 1) . '.php';
    if (str_starts_with($class, __NAMESPACE__ . '\\') && is_file($file)) require $file;
});
