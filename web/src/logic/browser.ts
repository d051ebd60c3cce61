// Which browser a session belongs to, in two words.

const BROWSERS: [RegExp, string][] = [
    [/\bEdgA?\//, 'Edge'],
    [/\bOPR\//, 'Opera'],
    [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
    [/Chrom(e|ium)\/|\bCriOS\//, 'Chrome'],
    [/\bSafari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
    [/\bAndroid\b/, 'Android'],
    [/\biPhone\b|\biPad\b/, 'iOS'],
    [/\bWindows\b/, 'Windows'],
    [/\bMac OS X\b/, 'macOS'],
    [/\bCrOS\b/, 'ChromeOS'],
    [/\bLinux\b/, 'Linux'],
];

/** `Firefox, Linux`; what it calls itself where that says nothing. */
export function browserName(agent: string): string {
    const find = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(agent))?.[1];
    return [find(BROWSERS), find(SYSTEMS)].filter(Boolean).join(', ') || agent.slice(0, 60) || '–';
}
