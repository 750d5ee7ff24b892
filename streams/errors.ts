/**
 * The root of every error that Millrace makes: tell them apart by `code`, which is stable, and not by their messages,
 * which say what was wrong, with which value, and what to do.
 */
export class MillraceError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** A value that a function cannot take, such as a duration that is none or an option that does not exist. */
export class ArgumentError extends MillraceError<'INVALID_ARGUMENT'> {
  constructor(message: string, options?: ErrorOptions) {
    super('INVALID_ARGUMENT', message, options);
  }
}
