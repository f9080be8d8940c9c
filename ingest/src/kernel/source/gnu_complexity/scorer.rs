//! Walks over the statements of a function and adds up what they cost.

use super::lexemes::{Lexeme, Word};
use super::operators::Operators;
use super::{LIMIT, NESTING, PARENTHESES, SCALE};

/// Deeper nesting than any that a person wrote would overflow the stack.
const DEPTH_LIMIT: u32 = 256;

/// The text ends within a statement.
struct Lost;

type Cost = Result<f64, Lost>;

/// A walk over the tokens behind the opening brace of a function.
pub(super) struct Scorer<'l> {
    lexemes: &'l [Lexeme],
    next: usize,
    /// Line of the furthest token that was read.
    line: u32,
    /// The token that was read last.
    last: Word,
    /// Blocks around the current place.
    blocks: u32,
    /// Calls around the current place.
    depth: u32,
    gotos: u32,
    /// `?` whose `:` has not come yet.
    ternaries: u32,
}

impl<'l> Scorer<'l> {
    pub(super) fn new(lexemes: &'l [Lexeme]) -> Self {
        Self { lexemes, next: 0, line: 0, last: Word::Mark(b'{'), blocks: 0, depth: 0, gotos: 0, ternaries: 0 }
    }

    /// What the function costs; none where the walk loses its way. `goes_on`: there is text behind the tokens.
    pub(super) fn sum(mut self, goes_on: bool) -> Option<f64> {
        let mut sum = self.block().ok()?;
        sum += f64::from(self.gotos) / SCALE;
        // The walk has found its end before the closing brace.
        sum += if goes_on || self.next < self.lexemes.len() { NESTING } else { 0.0 };
        Some(sum)
    }

    /// Reads a token. A `goto` reads as a name.
    fn read(&mut self) -> Result<Word, Lost> {
        let lexeme = self.lexemes.get(self.next).ok_or(Lost)?;
        self.next += 1;
        self.line = self.line.max(lexeme.line);
        self.last = lexeme.word;
        if lexeme.word == Word::Goto {
            self.gotos += 1;
            return Ok(Word::Name);
        }
        Ok(lexeme.word)
    }

    /// Leaves the token that was read last to be read again.
    fn put_back(&mut self) {
        self.next -= 1;
    }

    fn expect(&mut self, wanted: Word) -> Result<bool, Lost> {
        Ok(self.read()? == wanted)
    }

    /// Lines of code since a line.
    fn lines_since(&self, start: u32) -> f64 {
        f64::from(self.line - start)
    }

    /// Goes one call deeper.
    fn nested(&mut self, walk: impl FnOnce(&mut Self) -> Cost) -> Cost {
        if self.depth == DEPTH_LIMIT {
            return Err(Lost);
        }
        self.depth += 1;
        let cost = walk(self);
        self.depth -= 1;
        cost
    }

    /// Statements up to the closing brace.
    fn block(&mut self) -> Cost {
        self.nested(|this| {
            let mut cost = 0.0;
            let mut word = this.read()?;
            this.blocks += 1;
            while word != Word::Mark(b'}') {
                cost += this.statement(word)?;
                word = this.read()?;
            }
            this.blocks -= 1;
            Ok(f64::min(cost, LIMIT))
        })
    }

    fn statement(&mut self, first: Word) -> Cost {
        match first {
            Word::For | Word::While | Word::Switch => self.loop_or_switch(),
            Word::If => self.conditional(),
            Word::Do => self.do_loop(),
            Word::Case => self.case(),
            Word::Default => Ok(if self.expect(Word::Mark(b':'))? { 1.0 } else { LIMIT }),
            Word::Name | Word::Number | Word::Arithmetic | Word::Mark(b'?') => self.expression(),
            Word::Mark(b'(') => self.call_of_nothing(),
            Word::Mark(b'[') => self.element(),
            Word::Mark(b'{') => self.block(),
            Word::Mark(b';') => Ok(1.0),
            Word::Else | Word::Mark(b',') => Ok(0.0),
            _ => Err(Lost),
        }
    }

    /// `for`, `while` and `switch`, whose keyword has been read.
    fn loop_or_switch(&mut self) -> Cost {
        self.nested(|this| {
            let is_for = this.last == Word::For;
            if !this.expect(Word::Mark(b'('))? {
                return Ok(LIMIT);
            }
            let head = this.parentheses(is_for)?.max(1.0);
            let mut cost = if is_for { head } else { head * NESTING };
            loop {
                match this.read()? {
                    Word::Mark(b'{') => return Ok(cost + NESTING * this.block()?),
                    Word::Mark(b';') => return Ok(cost),
                    word if opens_statement(word) => return Ok(cost + NESTING * this.statement(word)?),
                    Word::Mark(b'(') => cost += this.parentheses(false)?,
                    word @ (Word::Mark(b'[') | Word::Name | Word::Number) => {
                        cost += if word == Word::Mark(b'[') { this.brackets()? - 1.0 } else { 0.0 };
                        cost += this.expression()?;
                        match this.last {
                            Word::Mark(b';') => return Ok(cost),
                            Word::Mark(b',') => {}
                            _ => return Ok(LIMIT),
                        }
                    }
                    _ => {}
                }
            }
        })
    }

    /// `if`, whose keyword has been read, with all its `else if`.
    fn conditional(&mut self) -> Cost {
        self.nested(|this| {
            let mut cost = 0.0;
            loop {
                if !this.expect(Word::Mark(b'('))? {
                    return Ok(LIMIT);
                }
                cost += this.parentheses(false)? + 1.0;
                let first = this.read()?;
                cost += this.branch(first)?;
                if cost >= LIMIT {
                    return Ok(LIMIT);
                }
                let last = this.last;
                if !this.expect(Word::Else)? {
                    this.put_back();
                    this.last = last;
                    return Ok(cost);
                }
                match this.read()? {
                    Word::If => {}
                    first => return Ok(cost + this.branch(first)?),
                }
            }
        })
    }

    /// What `if` or `else` stands before.
    fn branch(&mut self, mut first: Word) -> Cost {
        while first == Word::Mark(b',') {
            first = self.read()?;
        }
        match first {
            Word::Mark(b'{') => Ok(NESTING * self.block()?),
            Word::Mark(b';') => Ok(0.0),
            Word::Mark(b'(') => Ok(self.parentheses(false)? + self.expression()?),
            Word::Mark(b'[') => Ok(self.brackets()? - 1.0 + self.expression()?),
            Word::Arithmetic | Word::Name | Word::Number => self.expression(),
            word if opens_statement(word) => Ok(NESTING * self.statement(word)?),
            _ => Ok(LIMIT),
        }
    }

    /// `do`, whose keyword has been read.
    fn do_loop(&mut self) -> Cost {
        self.nested(|this| {
            let mut cost = 1.0;
            cost += match this.read()? {
                Word::Mark(b'{') => NESTING * this.block()?,
                Word::Mark(b'(') => this.call_of_nothing()?,
                word if opens_statement(word) => NESTING * this.statement(word)?,
                _ => this.expression()?,
            };
            if !this.expect(Word::While)? || !this.expect(Word::Mark(b'('))? {
                return Ok(LIMIT);
            }
            cost += (NESTING * this.parentheses(false)?).trunc().max(1.0);
            Ok(if this.expect(Word::Mark(b';'))? { cost } else { LIMIT })
        })
    }

    /// `case`, whose keyword has been read, to its colon.
    fn case(&mut self) -> Cost {
        let mut cost = 1.0;
        let mut range = 0.0;
        loop {
            match self.read()? {
                Word::Mark(b'(') => cost += self.label()?,
                Word::Arithmetic | Word::Relation | Word::Name | Word::Number => {}
                Word::Mark(b':') => return Ok(cost + range),
                Word::Ellipsis if range == 0.0 => range = 2.0,
                _ => return Ok(LIMIT),
            }
        }
    }

    /// A value in parentheses behind `case`.
    fn label(&mut self) -> Cost {
        let cost = self.parentheses(false)?;
        Ok(if cost > 0.0 { cost - 1.0 } else { 0.0 })
    }

    /// A statement that starts with a parenthesis: read as the arguments of a call.
    fn call_of_nothing(&mut self) -> Cost {
        self.put_back();
        self.expression()
    }

    /// `[index] = value` in an initialiser.
    fn element(&mut self) -> Cost {
        let index = self.brackets()? - 1.0;
        Ok(if self.expect(Word::Assignment)? { index + self.expression()? } else { LIMIT })
    }

    /// An expression whose first token has been read, to its semicolon or to what closes around it.
    fn expression(&mut self) -> Cost {
        self.nested(|this| {
            let start = this.line;
            let mut cost = 1.0;
            let (mut after_name, mut after_assignment) = (true, false);
            loop {
                let before = this.last;
                let word = this.read()?;
                let mut is_name = word == Word::Name;
                match word {
                    Word::Mark(b'}' | b']' | b')') => {
                        this.put_back();
                        break;
                    }
                    Word::Mark(b';') => break,
                    Word::Mark(b',') => cost += 1.0,
                    Word::Mark(b'(') if after_name => cost += this.arguments()? - 1.0,
                    Word::Mark(b'(') => {
                        cost += this.parentheses(false)?;
                        is_name = true;
                    }
                    Word::Mark(b'[') => cost += this.brackets()? - 1.0,
                    Word::Mark(b'{') => {
                        cost += NESTING * this.block()?;
                        if !after_assignment {
                            // A macro with a block behind it ends like a statement.
                            this.last = Word::Mark(b';');
                            break;
                        }
                    }
                    Word::Mark(b'?') => this.ternaries += 1,
                    Word::Mark(b':') if this.ternaries > 0 => this.ternaries -= 1,
                    // A label.
                    Word::Mark(b':') if before == Word::Name => break,
                    _ => {}
                }
                (after_name, after_assignment) = (is_name, word == Word::Assignment);
            }
            Ok(cost.max(1.0 + this.lines_since(start)).min(LIMIT))
        })
    }

    /// The arguments of a call, to the closing parenthesis: their lines, and what is nested in them.
    fn arguments(&mut self) -> Cost {
        self.nested(|this| {
            let start = this.line;
            let mut cost = 0.0;
            loop {
                match this.read()? {
                    Word::Mark(b')') => return Ok(cost + this.lines_since(start)),
                    Word::Mark(b'(') => cost += this.parentheses(false)?.max(0.0),
                    Word::Mark(b'{') => cost += NESTING * this.block()?,
                    Word::Mark(b'[') => cost += (this.brackets()? - 1.0).max(0.0),
                    _ => {
                        this.expression()?;
                    }
                }
            }
        })
    }

    /// An expression in parentheses, to the closing one.
    fn parentheses(&mut self, is_for: bool) -> Cost {
        self.nested(|this| {
            let start = this.line;
            let mut operators = Operators::default();
            let mut cost = 1.0;
            let mut after_name = false;
            for count in 1_u32.. {
                let mut word = this.read()?;
                match word {
                    Word::Mark(b')') if count <= 2 => return Ok(0.0),
                    Word::Mark(b')') => {
                        cost += if is_for { 0.0 } else { operators.cost() };
                        cost += this.lines_since(start);
                        return Ok(if cost > 1.0 { cost - 1.0 } else { cost });
                    }
                    Word::Mark(b'(') if after_name => cost += this.arguments()?,
                    Word::Mark(b'(') => {
                        cost += PARENTHESES * this.parentheses(false)?;
                        word = Word::Name;
                    }
                    Word::Mark(b'{') => cost += NESTING * this.block()?,
                    Word::Mark(b'[') => cost += this.brackets()?,
                    Word::Mark(b',' | b';') => cost += 1.0,
                    // Only within a block of the function's own.
                    Word::Assignment => operators.assignments += u32::from(this.blocks > 1),
                    Word::And => operators.and += 1,
                    Word::Or => operators.or += 1,
                    Word::Relation => operators.relations += 1,
                    Word::Name | Word::Number | Word::Arithmetic | Word::Mark(b':' | b'?') => {}
                    _ => return Ok(LIMIT),
                }
                after_name = word == Word::Name;
            }
            Err(Lost)
        })
    }

    /// An index, to the closing bracket.
    fn brackets(&mut self) -> Cost {
        let cost = self.expression()?;
        Ok(if self.expect(Word::Mark(b']'))? { cost } else { LIMIT })
    }
}

/// Keywords that a branch or loop may hold without braces.
fn opens_statement(word: Word) -> bool {
    matches!(word, Word::If | Word::Do | Word::For | Word::Switch | Word::While)
}
