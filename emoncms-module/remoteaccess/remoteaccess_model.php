<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

require_once __DIR__ . '/model/load.php';

/**
 * What the pages ask and tell. Every answer is meant for the browser: no password and no key is in any of them.
 */
final class Model
{
    private SettingsFile $file;
    private AgentStatus $status;
    private KeyPair $own_keys;

    /**
     * @param array $settings emoncms' settings; its section "remoteaccess" is ours
     * @param \User $user emoncms' model
     */
    public function __construct(private array $settings, private $user, private int $userid)
    {
        $this->file = new SettingsFile($this->option('datadir', '/var/lib/emoncms-remoteaccess'));
        $this->status = new AgentStatus($this->option('statusdir', '/run/emoncms-remoteaccess'));
    }

    public function status(): array
    {
        return $this->status->read();
    }

    public function activity(): array
    {
        return $this->status->activity();
    }

    public function settings(): array
    {
        return $this->shown($this->file->read());
    }

    public function endpoints(): array
    {
        $endpoints = (new Catalogue('Modules'))->endpoints();
        return [
            'endpoints' => $endpoints,
            'presets' => Presets::forEndpoints($endpoints),
            'read_only' => Presets::readOnly(),
        ];
    }

    public function connect(object $body): array
    {
        $server = new CloudServer(Input::text($body, 'host'), (int) $this->option('https_port', '443'));
        $port = Input::port($body, 'port');
        $websockets = Input::flagIfAny($body, 'websockets');
        $url = Input::url($body, 'emoncms_url');
        $this->stopIfStale($body);
        $credential = $server->verify(trim(Input::text($body, 'username')), Input::text($body, 'password'));

        return $this->change($body, function (Settings $settings) use ($server, $credential, $port, $websockets, $url) {
            if ($websockets ?? $settings->usesWebsockets()) $settings->useWebsockets($server->https_port);
            else $settings->useTcp($port, $credential->port);
            $settings->setEmoncmsUrl($url ?? self::emoncmsUrl($settings));
            $settings->setServer($server->host, $credential);
            if (!$settings->keys()->isComplete()) $settings->setKeys($this->ownKeys());
            $settings->setEnabled(true);
        });
    }

    public function turn(object $body): array
    {
        $enabled = Input::flag($body, 'enabled');
        if (!$enabled) return $this->switchOff();
        return $this->change($body, fn (Settings $settings) => $settings->setEnabled($enabled));
    }

    public function repairKeys(object $body): array
    {
        return $this->change($body, fn (Settings $settings) => $settings->setKeys($this->ownKeys()));
    }

    public function setAside(object $body): array
    {
        $this->file->setAside(Input::text($body, 'revision'));
        return ['success' => true] + $this->settings();
    }

    public function setAccess(object $body): array
    {
        $mode = Input::oneOf($body, 'mode', ['off', 'read_only', 'custom']);
        if ($mode === 'off') return $this->switchOff();
        // A wrong entry must not stand in the way of switching off.
        $mine = Input::list($body, 'access');
        if ($mode === 'custom') $mine = AccessList::checked($mine)->entries();
        try {
            return $this->change($body, function (Settings $settings) use ($mode, $mine) {
                if ($mode === 'read_only') $settings->setReadOnly($mine);
                if ($mode === 'custom') $settings->setCustom($mine);
                $settings->setEnabled(true);
            });
        } catch (Conflict $conflict) {
            throw self::explained($conflict, Input::list($body, 'base'), $mine);
        }
    }

    public function test(object $body): array
    {
        $list = AccessList::checked($body->access ?? null);
        return Tester::tell($list, mb_substr(Input::text($body, 'path'), 0, 2000));
    }

    /**
     * Whether entries can be in the list, and have an effect there.
     */
    public function check(object $body): array
    {
        foreach (AccessList::checked($body->access ?? null)->entries() as $path => $right) {
            if (!AccessList::isWithoutEffect($path)) continue;
            throw new Refused(sprintf(tr('“%s” is never available through remote access, whatever your list says.'), $path));
        }
        return ['success' => true];
    }

    /**
     * Off is off, whatever anybody saved meanwhile; the list stays as it is.
     */
    private function switchOff(): array
    {
        $settings = $this->file->update(null, fn (Settings $settings) => $settings->setEnabled(false));
        return ['success' => true] + $this->shown($settings);
    }

    private function change(object $body, callable $change): array
    {
        try {
            $settings = $this->file->update(Input::text($body, 'revision'), function (Settings $settings) use ($change) {
                $change($settings);
                if (!$settings->keys()->isComplete()) $settings->setKeys($this->ownKeys());
            });
        } catch (Conflict $conflict) {
            throw $conflict->with(['settings' => $this->shown($conflict->settings)]);
        }
        return ['success' => true] + $this->shown($settings);
    }

    /**
     * Before a password travels for nothing.
     */
    private function stopIfStale(object $body): void
    {
        $settings = $this->file->read();
        if ($settings->revision === Input::text($body, 'revision')) return;
        throw new Conflict($settings, ['settings' => $this->shown($settings)]);
    }

    /**
     * What each side did to the list, and what both together make.
     */
    private static function explained(Conflict $conflict, array $base, array $mine): Conflict
    {
        $theirs = $conflict->settings->customAccess();
        $my_change = AccessChange::between($base, $mine);
        $their_change = AccessChange::between($base, $theirs);
        return $conflict->with([
            'mine' => (object) $my_change,
            'theirs' => (object) $their_change,
            'disputed' => AccessChange::disputed($my_change, $their_change),
            'merged' => (object) AccessChange::applied($theirs, $my_change),
        ]);
    }

    private function shown(Settings $settings): array
    {
        return [
            'revision' => $settings->revision,
            'configured' => $settings->isConfigured(),
            'enabled' => $settings->isEnabled() && $settings->isConfigured(),
            'host' => $settings->text('MQTT_HOST') ?: Settings::DEFAULT_HOST,
            'port' => $settings->port(),
            'websockets' => $settings->usesWebsockets(),
            'username' => strtok($settings->text('MQTT_USERNAME'), '.') ?: '',
            'encrypted' => $settings->isEncrypted(),
            'emoncms_url' => self::emoncmsUrl($settings),
            'keys' => $settings->keys()->comparedTo($this->ownKeys(), $this->user, $this->userid),
            'mode' => $settings->mode(),
            'access' => (object) $settings->accessInForce(),
            'custom' => (object) $settings->customAccess(),
        ];
    }

    /**
     * Where nothing was set up, this very request shows where emoncms is.
     */
    private static function emoncmsUrl(Settings $settings): string
    {
        $default = $settings->isConfigured() ? Settings::DEFAULT_URL : LocalAddress::guess($_SERVER);
        return $settings->text('EMONCMS_URL') ?: $default;
    }

    private function ownKeys(): KeyPair
    {
        return $this->own_keys ??= KeyPair::ofUser($this->user, $this->userid);
    }

    private function option(string $name, string $default): string
    {
        return (string) ($this->settings['remoteaccess'][$name] ?? $default);
    }
}
