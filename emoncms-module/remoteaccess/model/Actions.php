<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Which request does what. Nothing is changed but by a POST with a JSON body from one of our own pages.
 */
final class Actions
{
    private const SHOW = [
        'status' => 'status', 'activity' => 'activity', 'settings' => 'settings', 'endpoints' => 'endpoints',
    ];
    private const CHANGE = [
        'connect' => 'connect', 'turn' => 'turn', 'access' => 'setAccess', 'keys' => 'repairKeys',
        'test' => 'test', 'check' => 'check', 'aside' => 'setAside',
    ];

    public function __construct(private Model $model, private array $server, private string $path)
    {
    }

    /**
     * @return array|string the answer, or emoncms' mark for a route that does not exist
     */
    public function run(string $action)
    {
        try {
            if (isset(self::SHOW[$action])) return $this->model->{self::SHOW[$action]}();
            if (isset(self::CHANGE[$action])) return $this->model->{self::CHANGE[$action]}($this->body());
            return EMPTY_ROUTE;
        } catch (Refused $refused) {
            return $refused->answer();
        }
    }

    private function body(): object
    {
        if (($this->server['REQUEST_METHOD'] ?? '') !== 'POST') {
            throw new Refused(tr('This can only be done from the page Remote Access.'), 405);
        }
        if (!Guard::isSameOrigin($this->server, $this->path)) {
            throw new Refused(tr('This request did not come from this emoncms, so nothing was changed.'), 403);
        }
        return Guard::body($this->server);
    }
}
