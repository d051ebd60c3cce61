<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * status.json, in which the agent says what it does. It writes only when something changes.
 */
final class AgentStatus
{
    private const MAX_BYTES = 256 * 1024;

    public function __construct(private string $folder, private string $proc = '/proc')
    {
    }

    /**
     * What the agent says, as far as this page shows it. "state" is "not_running" where it says nothing.
     */
    public function read(): array
    {
        $report = $this->report();
        $state = $this->stateOf($report);
        $sentence = AgentState::describe($state);

        return [
            'state' => $state,
            'tone' => $sentence['tone'],
            'headline' => $sentence['headline'],
            'advice' => $sentence['advice'],
            'message' => $state === 'not_running' ? '' : self::text($report, 'message'),
            'config_error' => $state === 'not_running' ? '' : self::text($report, 'config_error'),
            'since' => self::number($report, 'since'),
            'started' => self::number($report, 'started'),
            'server' => self::text($report, 'server'),
            'account' => self::text($report, 'account'),
            'version' => self::text($report, 'version'),
            'now' => time(),
        ];
    }

    /**
     * The same, with counters and the last requests, newest first.
     */
    public function activity(): array
    {
        $report = $this->report();
        $totals = is_object($report->counters ?? null) ? $report->counters : null;
        $counters = [];
        foreach (['requests', 'answered', 'refused', 'failed', 'cancelled', 'bytes', 'connects'] as $name) {
            $counters[$name] = self::number($totals, $name);
        }
        $requests = is_array($report->requests ?? null) ? array_filter($report->requests, 'is_object') : [];
        return $this->read() + [
            'counters' => $counters,
            'requests' => array_map([self::class, 'request'], array_slice($requests, 0, 100)),
            'known' => $report !== null,
        ];
    }

    private static function request(object $seen): array
    {
        $error = self::text($seen, 'error');
        return [
            'time' => self::number($seen, 'time'),
            'endpoint' => self::text($seen, 'endpoint'),
            'verdict' => self::text($seen, 'verdict'),
            'status' => self::number($seen, 'status'),
            'error' => $error,
            'reason' => AgentState::reasonFor($error),
            'ms' => self::number($seen, 'ms'),
            'bytes' => self::number($seen, 'bytes'),
        ];
    }

    private function report(): ?object
    {
        $text = @file_get_contents("$this->folder/status.json", false, null, 0, self::MAX_BYTES);
        $report = $text === false ? null : json_decode($text);
        return is_object($report) ? $report : null;
    }

    private function stateOf(?object $report): string
    {
        if ($report === null || !$this->isAlive(self::number($report, 'pid'))) return 'not_running';
        $state = self::text($report, 'state');
        return $state === 'stopped' ? 'not_running' : $state;
    }

    /**
     * An agent that was killed leaves its last words behind.
     */
    private function isAlive(int $pid): bool
    {
        if ($pid < 1) return false;
        $name = @file_get_contents("$this->proc/$pid/comm");
        if ($name !== false) return str_starts_with($name, 'remoteaccess');
        // Where the system hides other people's processes, nothing can be told, and the file is believed.
        return !is_dir("$this->proc/1");
    }

    private static function text(?object $from, string $name): string
    {
        $value = $from->$name ?? '';
        return is_string($value) ? mb_substr($value, 0, 500) : '';
    }

    private static function number(?object $from, string $name): int
    {
        $value = $from->$name ?? 0;
        return is_int($value) || is_float($value) ? (int) $value : 0;
    }
}
