<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Lists to start from.
 */
final class Presets
{
    /**
     * What a fresh install allows: what the web view and emoncms' feed, input and graph pages read.
     */
    private const READ_ONLY = [
        'feed' => [
            'aget', 'average', 'csvexport', 'data', 'fetch', 'get', 'getid', 'getmeta', 'list', 'listwithmeta',
            'timevalue', 'value',
        ],
        'graph' => ['get', 'getall'],
        'input' => ['get', 'get_inputs', 'getinputs', 'isdisabled', 'list'],
        'process' => ['list'],
        'schedule' => ['list'],
        'user' => ['gettimezone', 'gettimezones', 'session', 'timezone'],
    ];

    /**
     * What dashboards show; getcontent only reads, but emoncms asks for the write key.
     */
    private const DASHBOARDS = [
        'dashboard/getcontent' => 'write', 'dashboard/list' => 'read',
        'feed/aget' => 'read', 'feed/average' => 'read', 'feed/data' => 'read', 'feed/fetch' => 'read',
        'feed/get' => 'read', 'feed/list' => 'read', 'feed/timevalue' => 'read', 'feed/value' => 'read',
        'user/gettimezone' => 'read', 'user/session' => 'read',
    ];

    /**
     * Reads, but tells what gives access.
     */
    private const TELLS_KEYS = ['device/get', 'device/list'];

    private const SET_UP = [
        'feed/create', 'feed/process/get', 'feed/process/set', 'feed/set', 'feed/set-multiple',
        'input/process/get', 'input/process/set', 'input/set', 'input/set-descriptions',
        'input/set-node-input-descriptions',
    ];

    /**
     * @return array<string,string>
     */
    public static function readOnly(): array
    {
        $list = [];
        foreach (self::READ_ONLY as $module => $actions) {
            foreach ($actions as $action) $list["$module/$action"] = 'read';
        }
        ksort($list, SORT_STRING);
        return $list;
    }

    /**
     * @param array<array{path:string,mode:string}> $endpoints what this emoncms has
     * @return array<array{name:string,about:string,access:array<string,string>}>
     */
    public static function forEndpoints(array $endpoints): array
    {
        $modes = array_column($endpoints, 'mode', 'path');
        $readable = array_diff_key(
            array_filter($modes, fn ($mode) => $mode === 'read'),
            array_flip(self::TELLS_KEYS)
        );
        $set_up = array_intersect_key($modes, array_flip(self::SET_UP));
        return [
            self::preset(tr('Dashboards only'), tr('What dashboards show, and nothing else.'), array_intersect_key(self::DASHBOARDS, $modes)),
            self::preset(tr('Everything readable'), tr('All that can be read, but for device keys. Nothing can be changed.'), $readable),
            self::preset(tr('Readable, and set up inputs and feeds'), tr('All that can be read; inputs and feeds can be named, processed and created, but not deleted.'), $readable + $set_up),
        ];
    }

    private static function preset(string $name, string $about, array $access): array
    {
        ksort($access, SORT_STRING);
        return compact('name', 'about', 'access');
    }
}
