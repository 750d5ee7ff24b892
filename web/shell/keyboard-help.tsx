const COLUMNS: readonly (readonly (readonly [keys: readonly string[], what: string])[])[] = [
  [
    [['g', 'o'], 'Overview'],
    [['g', 'i'], 'Incidents'],
    [['g', 'l'], 'Logs'],
    [['g', 's'], 'Services'],
    [['g', 'p'], 'Pipeline'],
    [['g', 'q'], 'SQL'],
    [['g', 'a'], 'Alerts'],
  ],
  [
    [['/'], 'Search or filter'],
    [['p'], 'Pause, resume'],
    [['j', 'k'], 'Next, previous row'],
    [['↵'], 'Open'],
    [['Esc'], 'Close, back'],
    [['t'], 'Light, dark, system'],
    [['?'], 'This list'],
  ],
  [
    [['a'], 'Acknowledge'],
    [['s'], 'Silence'],
    [['f'], 'This was fine'],
    [['w'], 'Wrap lines'],
    [['←', '→'], 'Cursor in a chart'],
    [['Ctrl', '↵'], 'Run the query'],
  ],
];

export function KeyboardHelp() {
  return (
    <div popover="auto" id="pop-help" className="pop help" role="dialog" aria-label="Keyboard shortcuts">
      <p className="pop-t">Keyboard</p>
      <div className="help-g">
        {COLUMNS.map((column) => (
          <dl key={column[0]?.[1]}>
            {column.map(([keys, what]) => (
              <div key={what} className="contents">
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        ))}
      </div>
    </div>
  );
}
