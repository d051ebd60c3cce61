<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\AccessList;
use RemoteAccess\Tester;

final class TesterTest extends TestCase
{
    /** @dataProvider requests */
    public function testTellsWhatWouldHappen(string $typed, string $verdict, string $words): void
    {
        $list = AccessList::checked(['feed/*' => 'read', 'feed/set' => 'write']);
        $told = Tester::tell($list, $typed);
        self::assertSame($verdict, $told['verdict']);
        self::assertStringContainsString($words, $told['sentence']);
    }

    public function requests(): array
    {
        return [
            ['feed/list', 'read', '“feed/*”'],
            [' /feed/data.json?id=1&start=2 ', 'read', '“feed/*”'],
            ['feed/set.json', 'write', '“feed/set”'],
            ['input/list', 'denied', 'not in your list'],
            ['admin/users', 'denied', 'never available'],
            ['feed/api', 'denied', 'never available'],
            ['feed', 'malformed', 'not an endpoint'],
            ['feed/../admin', 'malformed', 'not an endpoint'],
            ['feed/list.html', 'malformed', 'not an endpoint'],
            ['', 'malformed', 'not an endpoint'],
        ];
    }
}
