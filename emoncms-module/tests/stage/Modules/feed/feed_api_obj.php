<?php

defined('EMONCMS_EXEC') or die('Restricted access');

/** An API as emoncms' modules describe theirs. */
function feed_api_obj()
{
    return [
        ['description' => 'List feeds', 'path' => 'feed/list.json', 'parameters' => [], 'mode' => 'read'],
        ['description' => 'Fetch data', 'path' => 'feed/data.json', 'parameters' => [], 'mode' => 'read'],
        ['description' => 'CSV export', 'path' => 'feed/csvexport.json', 'parameters' => [], 'mode' => 'read'],
        ['description' => 'Last value', 'path' => 'feed/value.json', 'parameters' => [], 'mode' => 'read'],
        ['description' => '<b>Bold</b> & "quoted"', 'path' => 'feed/odd.json', 'parameters' => [], 'mode' => 'read'],
        ['description' => 'Update feed fields', 'path' => 'feed/set.json', 'parameters' => [], 'mode' => 'write', 'http' => 'post'],
        ['description' => 'Delete feed', 'path' => 'feed/delete.json', 'parameters' => [], 'mode' => 'write'],
        ['description' => 'The help page', 'path' => 'feed/api', 'parameters' => [], 'mode' => 'read'],
    ];
}
