<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * What stands in remoteaccess.json. Keys that this module does not know stay as they are; numbers and switches may
 * also be strings, as the client of 2018–2021 had them.
 */
final class Settings
{
    public const DEFAULT_HOST = 'mqtt.emoncms.org';
    public const DEFAULT_PORT = 8883;
    public const DEFAULT_URL = 'http://localhost/emoncms';

    public function __construct(private object $data, public readonly string $revision)
    {
        // What was never set up begins with the list of a fresh install.
        if (!$this->isConfigured()) $this->data->ACCESS_CONTROL ??= (object) Presets::readOnly();
    }

    public function exists(): bool
    {
        return $this->revision !== SettingsFile::NONE;
    }

    public function text(string $key): string
    {
        $value = $this->data->$key ?? '';
        return is_string($value) || is_int($value) ? trim((string) $value) : '';
    }

    public function port(): int
    {
        return (int) $this->text('MQTT_PORT') ?: self::DEFAULT_PORT;
    }

    /**
     * Whether MQTT goes over WebSocket.
     */
    public function usesWebsockets(): bool
    {
        return $this->text('MQTT_TRANSPORT') === 'websockets';
    }

    public function isEncrypted(): bool
    {
        return self::flag($this->data->MQTT_TLS ?? true);
    }

    public function isEnabled(): bool
    {
        return self::flag($this->data->ENABLED ?? true);
    }

    /**
     * Whether there is all that the agent needs to connect.
     */
    public function isConfigured(): bool
    {
        return $this->text('MQTT_HOST') !== '' && $this->text('MQTT_USERNAME') !== ''
            && $this->text('MQTT_PASSWORD') !== '';
    }

    /**
     * What is in force, or will be once there is a server: "off", "read_only" or "custom".
     */
    public function mode(): string
    {
        if ($this->isConfigured() && !$this->isEnabled()) return 'off';
        if ($this->accessInForce() != Presets::readOnly()) return 'custom';
        $own = $this->data->ACCESS_CONTROL_CUSTOM ?? null;
        return $own !== null && self::entries($own) == Presets::readOnly() ? 'custom' : 'read_only';
    }

    /**
     * @return array<string,string>
     */
    public function accessInForce(): array
    {
        return self::entries($this->data->ACCESS_CONTROL ?? null);
    }

    /**
     * The owner's own list: what is in force, or what was before "Read only" took its place.
     */
    public function customAccess(): array
    {
        $own = $this->data->ACCESS_CONTROL_CUSTOM ?? null;
        return $own === null ? $this->accessInForce() : self::entries($own);
    }

    /**
     * @param array<string,string> $own the list to come back to
     */
    public function setReadOnly(array $own): void
    {
        $this->setAccess(Presets::readOnly());
        if ($own == Presets::readOnly()) unset($this->data->ACCESS_CONTROL_CUSTOM);
        else $this->data->ACCESS_CONTROL_CUSTOM = (object) $own;
    }

    /**
     * A list of one's own that happens to be that of "Read only" is told apart by standing there twice.
     */
    public function setCustom(array $access): void
    {
        $this->setAccess($access);
        if ($access == Presets::readOnly()) $this->data->ACCESS_CONTROL_CUSTOM = (object) $access;
        else unset($this->data->ACCESS_CONTROL_CUSTOM);
    }

    /**
     * Without credentials the agent would complain of a file that asks it to connect.
     */
    public function setEnabled(bool $enabled): void
    {
        $this->data->ENABLED = $enabled && $this->isConfigured();
    }

    public function setServer(string $host, Credential $credential): void
    {
        $this->data->MQTT_HOST = $host;
        $this->data->MQTT_TLS = true;
        $this->data->MQTT_USERNAME = $credential->username;
        $this->data->MQTT_PASSWORD = $credential->password;
    }

    /**
     * At the port of the server's web pages, whichever it offers for MQTT itself.
     */
    public function useWebsockets(int $https_port): void
    {
        $this->data->MQTT_TRANSPORT = 'websockets';
        $this->data->MQTT_PORT = $https_port;
    }

    /**
     * What the server offers counts more than the port of before, which the form shows. After WebSocket it shows none:
     * what is there was typed, and what the file has is the port of web pages.
     */
    public function useTcp(?int $typed, ?int $offered): void
    {
        $this->data->MQTT_PORT = $this->usesWebsockets()
            ? $typed ?? $offered ?? self::DEFAULT_PORT
            : $offered ?? $typed ?? $this->port();
        $this->data->MQTT_TRANSPORT = 'tcp';
    }

    public function setEmoncmsUrl(string $url): void
    {
        $this->data->EMONCMS_URL = $url;
    }

    public function setKeys(KeyPair $keys): void
    {
        $this->data->APIKEY_READ = $keys->read;
        $this->data->APIKEY_WRITE = $keys->write;
    }

    public function keys(): KeyPair
    {
        return new KeyPair($this->text('APIKEY_READ'), $this->text('APIKEY_WRITE'));
    }

    public function toJson(): string
    {
        $flags = JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION;
        return json_encode($this->data, $flags | JSON_THROW_ON_ERROR) . "\n";
    }

    private function setAccess(array $access): void
    {
        ksort($access, SORT_STRING);
        $this->data->ACCESS_CONTROL = (object) $access;
    }

    /**
     * As they stand there, right or wrong: the page shows a wrong one, so that it can be taken out.
     */
    private static function entries($value): array
    {
        $entries = is_object($value) ? get_object_vars($value) : [];
        $entries = array_map(fn ($right) => is_string($right) ? $right : '?', $entries);
        ksort($entries, SORT_STRING);
        return $entries;
    }

    private static function flag($value): bool
    {
        if (is_string($value)) return !in_array(strtolower($value), ['false', '0', ''], true);
        return (bool) $value;
    }
}
