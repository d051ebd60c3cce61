<?php

/*
 * A small stage for the module: what emoncms' index.php and core.php do for a module, and nothing more.
 * STAGE_GENERATION=today has tr(), load_js() and JSON languages; 11.4 has gettext and none of them.
 * Run by PHP's own server, in a folder with Modules/remoteaccess in it.
 */

$file = __DIR__ . '/theme.php';
$asset = getcwd() . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (preg_match('~/Modules/remoteaccess/Views/[a-z_/]+\.(js|css)\z~', $asset, $kind) && is_file($asset)) {
    header('Content-Type: ' . ($kind[1] === 'js' ? 'text/javascript' : 'text/css'));
    readfile($asset);
    return true;
}

define('EMONCMS_EXEC', 1);
define('EMPTY_ROUTE', '#UNDEFINED#');
define('STAGE', json_decode(getenv('STAGE'), true));

require __DIR__ . '/core.php';
require __DIR__ . '/StageUser.php';

$settings = STAGE['settings'];
$path = 'http://' . $_SERVER['HTTP_HOST'] . '/';
$user = new StageUser(STAGE['users']);

$key = $_GET['apikey'] ?? str_replace('Bearer ', '', $_SERVER['HTTP_AUTHORIZATION'] ?? '');
$session = $key === '' ? $user->session() : $user->apikey_session($key);
stage_language($session['lang'] ?? '');

$route = stage_route();
if ($route->controller === 'user' && $route->action === 'login' && $route->format === 'json') {
    exit(json_encode($user->login($_POST['username'] ?? '', $_POST['password'] ?? '')));
}
$output = controller($route->controller);
if ($output['content'] === EMPTY_ROUTE) {
    http_response_code(406);
    $output['content'] = $route->format === 'json' ? ['success' => false, 'message' => '406'] : '406 Not Acceptable';
}
if ($output['content'] === '' && empty($session['read'])) $output['content'] = '<p id="login">Please sign in</p>';

if ($route->format === 'json') {
    header('Content-Type: application/json');
    echo json_encode($output['content']);
} else {
    $menu = ['setup' => ['name' => 'Setup', 'l2' => []]];
    load_menu();
    require $file;
}
