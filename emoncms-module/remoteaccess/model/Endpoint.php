<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Which part of emoncms' API a request asks for: controller/action[/subaction].
 *
 * The same rules as the agent's (protocol/src/endpoint.rs); tests/access-list-cases.json is run by both.
 */
final class Endpoint
{
    private const NAME = '/\A[A-Za-z0-9_-]{1,64}\z/';
    private const NEVER = ['admin', 'remoteaccess', 'config', 'backup', 'setup', 'network', 'wifi'];
    private const OF_USER = ['session', 'timezone', 'gettimezone', 'gettimezones', 'getuuid'];

    private function __construct(
        public readonly string $controller,
        public readonly string $action,
        public readonly string $subaction
    ) {
    }

    public static function parse(string $path): ?self
    {
        $parts = explode('/', $path, 3);
        if (count($parts) < 2) return null;
        foreach ($parts as $part) {
            if (!preg_match(self::NAME, $part)) return null;
        }
        return new self($parts[0], $parts[1], $parts[2] ?? '');
    }

    /**
     * Whether no access list can allow it: administration, key handling, this module, and pages that show keys.
     *
     * Steps that begin with "emoncms" neither: where emoncms is installed in a folder of that name, its router cuts
     * "/emoncms" out of wherever it stands, and feed/a/emoncmspi becomes feed/api.
     */
    public function isNeverRelayed(): bool
    {
        $controller = strtolower($this->controller);
        $action = strtolower($this->action);

        return in_array($controller, self::NEVER, true)
            || $action === 'api'
            || ($controller === 'user' && !in_array($action, self::OF_USER, true))
            || str_starts_with($action, 'emoncms')
            || str_starts_with(strtolower($this->subaction), 'emoncms');
    }

    public function path(): string
    {
        $path = $this->controller . '/' . $this->action;
        return $this->subaction === '' ? $path : $path . '/' . $this->subaction;
    }
}
