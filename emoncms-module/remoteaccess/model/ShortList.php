<?php

namespace RemoteAccess;

defined('EMONCMS_EXEC') or die('Restricted access');

/**
 * Endpoints of modules that do not describe their API, or not all of it: written down from their controllers.
 * emoncms 11.4 describes feeds only.
 */
final class ShortList
{
    /**
     * @return array<string,array{string,string}> path => mode, description
     */
    public static function of(string $module): array
    {
        $name = 'of' . ucfirst($module);
        return method_exists(self::class, $name) ? self::$name() : [];
    }

    private static function ofFeed(): array
    {
        return [
            'feed/listwithmeta' => ['read', tr('List feeds with their meta data')],
            'feed/getid' => ['read', tr('Get feed id from name')],
            'feed/fetch' => ['read', tr('Last value for multiple feeds')],
            'feed/average' => ['read', tr('Fetch averaged data from a feed')],
            'feed/csvexport' => ['read', tr('Export data as CSV')],
            'feed/insert' => ['write', tr('Insert a data point')],
            'feed/process/get' => ['write', tr('Get the process list of a feed')],
            'feed/process/set' => ['write', tr('Set the process list of a feed')],
        ];
    }

    private static function ofInput(): array
    {
        return [
            'input/list' => ['read', tr('List inputs with their latest values')],
            'input/get' => ['read', tr('List nodes and inputs')],
            'input/getinputs' => ['read', tr('List the configuration of inputs')],
            'input/get_inputs' => ['read', tr('List the configuration of inputs')],
            'input/isdisabled' => ['read', tr('Check if new inputs are created')],
            'input/post' => ['write', tr('Post data')],
            'input/bulk' => ['write', tr('Post data in bulk')],
            'input/set' => ['write', tr('Change an input')],
            'input/delete' => ['write', tr('Delete inputs')],
            'input/clean' => ['write', tr('Delete inputs without a process list')],
            'input/process/get' => ['write', tr('Get the process list of an input')],
            'input/process/set' => ['write', tr('Set the process list of an input')],
            'input/process/reset' => ['write', tr('Empty the process list of an input')],
        ];
    }

    private static function ofProcess(): array
    {
        return ['process/list' => ['read', tr('List all processes')]];
    }

    private static function ofSchedule(): array
    {
        return [
            'schedule/list' => ['read', tr('List schedules')],
            'schedule/get' => ['read', tr('Get a schedule')],
            'schedule/expression' => ['read', tr('Get the expression of a schedule')],
            'schedule/test' => ['read', tr('Test a schedule')],
            'schedule/create' => ['write', tr('Create a schedule')],
            'schedule/set' => ['write', tr('Change a schedule')],
            'schedule/delete' => ['write', tr('Delete a schedule')],
        ];
    }

    private static function ofUser(): array
    {
        return [
            'user/session' => ['read', tr('Whose key a request carries')],
            'user/timezone' => ['read', tr('Get the offset of the time zone')],
            'user/gettimezone' => ['read', tr('Get the time zone')],
            'user/gettimezones' => ['read', tr('List all time zones')],
            'user/getuuid' => ['read', tr('Get the identifier of this account')],
        ];
    }

    private static function ofApp(): array
    {
        return [
            'app/list' => ['read', tr('List apps')],
            'app/available' => ['read', tr('List the kinds of apps')],
            'app/getconfig' => ['read', tr('Get the settings of an app')],
            'app/add' => ['write', tr('Add an app')],
            'app/setname' => ['write', tr('Rename an app')],
            'app/setconfig' => ['write', tr('Change the settings of an app')],
            'app/remove' => ['write', tr('Remove an app')],
        ];
    }

    private static function ofDashboard(): array
    {
        return [
            'dashboard/list' => ['read', tr('List dashboards')],
            'dashboard/getcontent' => ['write', tr('Get the content of a dashboard (emoncms asks for the write key)')],
            'dashboard/setcontent' => ['write', tr('Change the content of a dashboard')],
            'dashboard/set' => ['write', tr('Change the settings of a dashboard')],
            'dashboard/create' => ['write', tr('Create a dashboard')],
            'dashboard/clone' => ['write', tr('Copy a dashboard')],
            'dashboard/delete' => ['write', tr('Delete a dashboard')],
        ];
    }

    private static function ofGraph(): array
    {
        return [
            'graph/getall' => ['read', tr('List saved graphs')],
            'graph/get' => ['read', tr('Get a saved graph')],
            'graph/create' => ['write', tr('Save a graph')],
            'graph/update' => ['write', tr('Change a saved graph')],
            'graph/delete' => ['write', tr('Delete a saved graph')],
        ];
    }

    private static function ofDemandshaper(): array
    {
        return [
            'demandshaper/list' => ['read', tr('List the devices that are scheduled')],
            'demandshaper/get' => ['read', tr('Get the schedule of a device')],
            'demandshaper/schedules' => ['read', tr('Get the schedules of all devices')],
            'demandshaper/forecast-list' => ['read', tr('List forecasts')],
            'demandshaper/forecast' => ['read', tr('Get a forecast')],
            'demandshaper/save' => ['write', tr('Change the schedule of a device')],
            'demandshaper/get-state' => ['write', tr('Ask a device for its state')],
        ];
    }

    private static function ofDevice(): array
    {
        return [
            'device/list' => ['read', tr('List devices, with their device keys')],
            'device/get' => ['write', tr('Get a device, with its device key')],
            'device/create' => ['write', tr('Create a device')],
            'device/set' => ['write', tr('Change a device')],
            'device/delete' => ['write', tr('Delete a device')],
            'device/template/listshort' => ['write', tr('List device templates')],
        ];
    }
}
