<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * The three pages, and what those see who may not see them.
 */
final class Pages
{
    private const FOLDER = 'Modules/remoteaccess/Views';

    public static function page(object $route)
    {
        $page = $route->subaction === '' ? 'connect' : $route->subaction;
        if ($route->action !== 'view' || !isset(self::all()[$page])) return EMPTY_ROUTE;
        // A page on another port of this host has our cookies; it must not show these buttons as its own.
        header("Content-Security-Policy: frame-ancestors 'self'");
        return view(self::FOLDER . '/page.php', ['page' => $page, 'pages' => self::all()]);
    }

    public static function refusal(object $route, array $session)
    {
        $is_guest = empty($session['read']) && empty($session['public_userid']);
        if ($route->format === 'html' && $is_guest) return '';
        if ($route->format === 'html') return view(self::FOLDER . '/refusal.php');
        return (new Refused(self::sentence(), $is_guest ? 401 : 403))->answer();
    }

    public static function sentence(): string
    {
        return tr('Remote access is for the administrator of this emoncms, signed in with name and password.');
    }

    /**
     * @return array<string,array{name:string,href:string,scripts:string[]}>
     */
    private static function all(): array
    {
        return [
            'connect' => [
                'name' => tr('Connect'), 'href' => 'remoteaccess/view',
                'scripts' => ['status_card', 'account_card', 'connect'],
            ],
            'permissions' => [
                'name' => tr('Permissions'), 'href' => 'remoteaccess/view/permissions',
                'scripts' => ['draft', 'endpoints', 'editor', 'conflict', 'tester', 'permissions'],
            ],
            'activity' => [
                'name' => tr('Activity'), 'href' => 'remoteaccess/view/activity',
                'scripts' => ['activity'],
            ],
        ];
    }
}
