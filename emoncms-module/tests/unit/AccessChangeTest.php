<?php

use PHPUnit\Framework\TestCase;
use RemoteAccess\AccessChange;

final class AccessChangeTest extends TestCase
{
    private const BASE = ['feed/data' => 'read', 'feed/list' => 'read', 'feed/set' => 'write'];

    public function testAChangeTurnsTheOldListIntoTheNew(): void
    {
        $new = ['feed/list' => 'read', 'feed/set' => 'read', 'input/list' => 'read'];
        $change = AccessChange::between(self::BASE, $new);
        self::assertSame(['feed/data' => null, 'feed/set' => 'read', 'input/list' => 'read'], $change);
        self::assertSame($new, AccessChange::applied(self::BASE, $change));
    }

    public function testNothingChangedIsNoChange(): void
    {
        self::assertSame([], AccessChange::between(self::BASE, self::BASE));
    }

    public function testTwoChangesAtOnceBothCount(): void
    {
        $mine = AccessChange::between(self::BASE, self::BASE + ['input/list' => 'read']);
        $theirs = array_diff_key(self::BASE, ['feed/set' => 1]) + ['graph/get' => 'read'];
        self::assertSame(
            ['feed/data' => 'read', 'feed/list' => 'read', 'graph/get' => 'read', 'input/list' => 'read'],
            AccessChange::applied($theirs, $mine)
        );
    }

    public function testWhatBothChangedDifferentlyIsNamed(): void
    {
        $mine = ['a/b' => 'read', 'c/d' => null, 'e/f' => 'read'];
        $theirs = ['a/b' => null, 'c/d' => null, 'g/h' => 'write'];
        self::assertSame(['a/b'], AccessChange::disputed($mine, $theirs));
    }
}
