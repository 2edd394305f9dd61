//! Bounds what it takes to compile a module, before anything is compiled.
//!
//! A compiler's work grows with a function's length, and beyond that with how often control flow joins while locals
//! change: a few kilobytes of nested loops can take minutes and gigabytes. Code comes from strangers; where it is compiled
//! inside the server, what would take too long is refused by counting. A process of its own that may be ended
//! ([`crate::Compiler`]) needs none of this.

use wasmparser::{
    BlockType, Catch, CompositeInnerType, FunctionBody, FunctionSectionReader, ImportSectionReader, Operator,
    Payload, Result, TypeRef, TypeSectionReader,
};

/// The most bytes of one function's body: of the shortest calls, a byte takes the compiler most of a KiB.
const MAX_BODY: u64 = 1 << 20;
/// The most bytes of all bodies.
const MAX_CODE: u64 = 48 << 20;
/// From how many merges on a function is looked at more closely.
const CLOSER_LOOK: u64 = 500;
/// The most loops within each other: deeper ones are what takes the compiler longest.
const MAX_LOOP_DEPTH: u64 = 64;
/// The most blocks, branches and loops within each other.
const MAX_DEPTH: u64 = 10_000;
/// The most values that may have to be merged where control flow joins, in one function.
const MAX_MERGES: u64 = 60_000;
/// The same for all functions, each counted squared, as compile time grows.
const MAX_SQUARED_MERGES: u64 = MAX_MERGES * MAX_MERGES;
/// The most pairs of a local and a place where control flow joins, in one function.
const MAX_LOOKUPS: u64 = 40_000_000;
/// The same for all functions.
const MAX_ALL_LOOKUPS: u64 = 300_000_000;
/// The most locals of a function that any validator lets pass, and as many parameters again.
const MAX_LOCALS: u32 = 51_000;
/// How many times as much a loop's start takes as another join: it is entered before its last predecessor is known.
const LOOP_WEIGHT: u64 = 10;
/// The most values beyond the first that calls give and branches carry, in one function.
const MAX_CARRIED: u64 = 500_000;
/// The same for all functions.
const MAX_ALL_CARRIED: u64 = 4 * MAX_CARRIED;

/// What the functions seen so far take to compile.
#[derive(Default)]
pub(super) struct Effort {
    module: Signatures,
    scratch: Scratch,
    bytes: u64,
    squared_merges: u64,
    lookups: u64,
    carried: u64,
    fault: Option<String>,
}

/// How many values the types and functions of the current module take and give.
#[derive(Default)]
struct Signatures {
    types: Vec<Arity>,
    functions: Vec<u32>,
}

#[derive(Clone, Copy, Default)]
struct Arity {
    takes: u64,
    gives: u64,
}

/// What is kept from one function to the next, for its room alone.
#[derive(Default)]
struct Scratch {
    /// When each local was last read or written.
    touched: Vec<u64>,
    /// When each local was last written.
    written: Vec<u64>,
    /// When each local was last found to outlive the straight run of code that writes it.
    shared: Vec<u64>,
    /// When the current straight run of code began.
    run: u64,
    /// Where set, only locals that were shared since then are counted.
    counted_since: Option<u64>,
    /// Rises with each step and never falls, so that nothing is cleared between functions.
    clock: u64,
    frames: Vec<Frame>,
}

/// An open block, loop or branch.
struct Frame {
    shape: Shape,
    /// When it was opened.
    start: u64,
    /// The locals written since, but for those counted in an open frame within.
    written: i64,
    /// The branches that lead to where control flow joins.
    incoming: u64,
    /// When the last of them was counted: the targets of one table that are the same make one way.
    counted: u64,
    arity: Arity,
    /// Whether the code being read can be reached.
    live: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Function,
    Block,
    If,
    Loop,
}

/// What one function takes.
#[derive(Default)]
struct Load {
    /// When its reading started.
    start: u64,
    merges: u64,
    /// How deep the loops go.
    loop_depth: u64,
    open_loops: u64,
    /// How deep blocks, branches and loops go together.
    depth: u64,
    joins: u64,
    touched: u64,
    carried: u64,
}

impl Effort {
    /// Counts what is in one part of a module, or of a component's modules.
    pub(super) fn count(&mut self, payload: &Payload<'_>) -> Result<()> {
        match payload {
            Payload::ModuleSection { .. } => self.module = Signatures::default(),
            Payload::TypeSection(types) => self.module.add_types(types.clone())?,
            Payload::ImportSection(imports) => self.module.add_imports(imports.clone())?,
            Payload::FunctionSection(functions) => self.module.add_functions(functions.clone())?,
            Payload::CodeSectionEntry(body) => self.body(body)?,
            _ => {}
        }
        Ok(())
    }

    /// Counts one function. Bodies that are too much are remembered for [`Effort::check`], the first of them.
    fn body(&mut self, body: &FunctionBody<'_>) -> Result<()> {
        if self.fault.is_some() {
            return Ok(());
        }
        let bytes = body.as_bytes().len() as u64;
        let mut load = self.scratch.measure(&self.module, body, None)?;
        if load.merges > CLOSER_LOOK || load.joins.saturating_mul(load.touched) > MAX_LOOKUPS / 10 {
            load = self.scratch.measure(&self.module, body, Some(load.start))?;
        }
        let lookups = load.joins.saturating_mul(load.touched);
        self.bytes = self.bytes.saturating_add(bytes);
        self.squared_merges = self.squared_merges.saturating_add(load.merges.saturating_mul(load.merges));
        self.lookups = self.lookups.saturating_add(lookups);
        self.carried = self.carried.saturating_add(load.carried);
        let counts = [
            (bytes, MAX_BODY, "bytes"),
            (load.loop_depth, MAX_LOOP_DEPTH, "loops within each other"),
            (load.depth, MAX_DEPTH, "blocks within each other"),
            (load.merges, MAX_MERGES, "changed locals to merge where its loops and branches join"),
            (lookups, MAX_LOOKUPS, "pairs of a local and a place where its loops and branches join"),
            (load.carried, MAX_CARRIED, "values that its calls give and its branches carry"),
        ];
        let offset = body.range().start;
        self.fault = counts.into_iter().find(|(count, most, _)| count > most).map(|(count, most, what)| {
            format!(
                "it would take too long to compile: the function at offset {offset:#x} has {count} {what}; at most \
                 {most} are allowed; split the function"
            )
        });
        Ok(())
    }

    /// Says what would take too long, if anything.
    pub(super) fn check(self) -> std::result::Result<(), String> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let counts = [
            (self.bytes, MAX_CODE, "bytes of code"),
            (
                self.squared_merges,
                MAX_SQUARED_MERGES,
                "changed locals to merge where loops and branches join (squared)",
            ),
            (self.lookups, MAX_ALL_LOOKUPS, "pairs of a local and a place where loops and branches join"),
            (self.carried, MAX_ALL_CARRIED, "values that calls give and branches carry"),
        ];
        counts.into_iter().find(|(count, most, _)| count > most).map_or(Ok(()), |(count, most, what)| {
            Err(format!(
                "it would take too long to compile: its functions have {count} {what}; at most {most} are allowed"
            ))
        })
    }
}

impl Signatures {
    fn add_types(&mut self, types: TypeSectionReader<'_>) -> Result<()> {
        for group in types {
            for subtype in group?.into_types() {
                self.types.push(match &subtype.composite_type.inner {
                    CompositeInnerType::Func(function) => Arity {
                        takes: function.params().len() as u64,
                        gives: function.results().len() as u64,
                    },
                    _ => Arity::default(),
                });
            }
        }
        Ok(())
    }

    fn add_imports(&mut self, imports: ImportSectionReader<'_>) -> Result<()> {
        for import in imports.into_imports() {
            if let TypeRef::Func(index) | TypeRef::FuncExact(index) = import?.ty {
                self.functions.push(index);
            }
        }
        Ok(())
    }

    fn add_functions(&mut self, functions: FunctionSectionReader<'_>) -> Result<()> {
        for index in functions {
            self.functions.push(index?);
        }
        Ok(())
    }

    fn block(&self, block: BlockType) -> Arity {
        match block {
            BlockType::Empty => Arity::default(),
            BlockType::Type(_) => Arity { takes: 0, gives: 1 },
            BlockType::FuncType(index) => self.of_type(index),
        }
    }

    /// Unknown types are the validator's business.
    fn of_type(&self, index: u32) -> Arity {
        self.types.get(index as usize).copied().unwrap_or_default()
    }

    fn of_function(&self, index: u32) -> Arity {
        self.functions.get(index as usize).map_or_else(Arity::default, |index| self.of_type(*index))
    }
}

impl Scratch {
    /// Reads a body. With the time at which an earlier reading of it started, takes only the locals that it found
    /// shared between straight runs of code: no other is ever merged, and unoptimised code is full of them.
    fn measure(
        &mut self,
        module: &Signatures,
        body: &FunctionBody<'_>,
        counted_since: Option<u64>,
    ) -> Result<Load> {
        let mut load = Load::default();
        self.frames.clear();
        self.counted_since = counted_since;
        self.open(Shape::Function, Arity::default(), &mut load);
        load.start = self.clock;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            self.step(module, &operators.read()?, &mut load);
        }
        Ok(load)
    }

    fn step(&mut self, module: &Signatures, operator: &Operator<'_>, load: &mut Load) {
        match operator {
            Operator::LocalGet { local_index } => self.read(*local_index, load),
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                self.touch(*local_index, load);
                self.write(*local_index, load);
            }
            Operator::Block { blockty } => self.open(Shape::Block, module.block(*blockty), load),
            Operator::TryTable { try_table } => {
                // A handler may be entered from every call within.
                try_table
                    .catches
                    .iter()
                    .for_each(|catch| (0..2).for_each(|_| self.branch(label(catch), load)));
                self.open(Shape::Block, module.block(try_table.ty), load);
            }
            Operator::Loop { blockty } => self.open(Shape::Loop, module.block(*blockty), load),
            Operator::If { blockty } => self.open(Shape::If, module.block(*blockty), load),
            Operator::Else => self.otherwise(),
            Operator::End => self.close(load),
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth, load);
                self.stop();
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.branch(*relative_depth, load),
            Operator::BrTable { targets } => {
                self.clock += 1;
                targets.targets().flatten().for_each(|depth| self.lead(depth, load));
                self.branch(targets.default(), load);
                self.stop();
            }
            Operator::Return | Operator::Unreachable => self.stop(),
            Operator::Call { function_index } => load.carry(module.of_function(*function_index).gives),
            Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
                load.carry(module.of_type(*type_index).gives);
            }
            _ => {}
        }
    }

    /// Whether a local is among those that are counted.
    fn counts(&mut self, local: u32) -> bool {
        self.counted_since.is_none_or(|since| *entry(&mut self.shared, local) >= since)
    }

    fn read(&mut self, local: u32, load: &mut Load) {
        if self.counted_since.is_none() && *entry(&mut self.written, local) < self.run {
            *entry(&mut self.shared, local) = self.clock;
        }
        self.touch(local, load);
    }

    fn touch(&mut self, local: u32, load: &mut Load) {
        if !self.counts(local) {
            return;
        }
        let touched = entry(&mut self.touched, local);
        if *touched < load.start {
            *touched = load.start;
            load.touched += 1;
        }
    }

    /// Counts a written local in the innermost frame, and takes it off the innermost that counts it already: every
    /// frame between the two has one more, which shows when the frames within are closed into it.
    fn write(&mut self, local: u32, load: &Load) {
        if !self.counts(local) {
            return;
        }
        self.clock += 1;
        let written = entry(&mut self.written, local);
        let before = std::mem::replace(written, self.clock);
        let Some(innermost) = self.frames.last_mut() else { return };
        if before >= innermost.start {
            return;
        }
        innermost.written += 1;
        if before >= load.start {
            let known = self.frames.partition_point(|frame| frame.start <= before);
            if let Some(frame) = known.checked_sub(1).and_then(|known| self.frames.get_mut(known)) {
                frame.written -= 1;
            }
        }
    }

    fn open(&mut self, shape: Shape, arity: Arity, load: &mut Load) {
        self.begin_run();
        if shape == Shape::Loop {
            load.open_loops += 1;
            load.loop_depth = load.loop_depth.max(load.open_loops);
        }
        load.joins += if shape == Shape::Loop { LOOP_WEIGHT } else { 1 };
        load.depth = load.depth.max(self.frames.len() as u64);
        load.carry(arity.takes.max(arity.gives));
        self.frames.push(Frame {
            shape,
            start: self.clock,
            written: 0,
            incoming: 0,
            counted: 0,
            arity,
            live: true,
        });
    }

    fn begin_run(&mut self) {
        self.clock += 1;
        self.run = self.clock;
    }

    fn branch(&mut self, depth: u32, load: &mut Load) {
        self.begin_run();
        load.joins += 1;
        self.lead(depth, load);
    }

    /// A way to where the frame at this depth joins.
    fn lead(&mut self, depth: u32, load: &mut Load) {
        let clock = self.clock;
        let index = self.frames.len().checked_sub(depth as usize + 1);
        let Some(frame) = index.and_then(|index| self.frames.get_mut(index)) else { return };
        load.carry(if frame.shape == Shape::Loop { frame.arity.takes } else { frame.arity.gives });
        if frame.counted != clock {
            frame.counted = clock;
            frame.incoming += 1;
        }
    }

    /// What follows cannot be reached.
    fn stop(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.live = false;
        }
    }

    fn otherwise(&mut self) {
        self.begin_run();
        if let Some(frame) = self.frames.last_mut() {
            frame.incoming += u64::from(frame.live);
            frame.live = true;
            // The other way is taken now, not past the frame.
            frame.shape = Shape::Block;
        }
    }

    fn close(&mut self, load: &mut Load) {
        self.begin_run();
        let Some(frame) = self.frames.pop() else { return };
        load.open_loops -= u64::from(frame.shape == Shape::Loop);
        let fallen = u64::from(frame.live);
        let (joins, arity) = match frame.shape {
            Shape::Function => return,
            Shape::Block => (frame.incoming + fallen > 1, frame.arity.gives),
            Shape::If => (frame.incoming + fallen > 0, frame.arity.gives),
            Shape::Loop => (frame.incoming > 0, frame.arity.takes),
        };
        if joins {
            load.merges += u64::try_from(frame.written).unwrap_or_default() + arity;
        }
        if let Some(outer) = self.frames.last_mut() {
            outer.written += frame.written;
        }
    }
}

impl Load {
    /// The first value of each is paid for in bytes.
    fn carry(&mut self, values: u64) {
        self.carried += values.saturating_sub(1);
    }
}

fn entry(times: &mut Vec<u64>, local: u32) -> &mut u64 {
    let index = local.min(MAX_LOCALS) as usize;
    if times.len() <= index {
        times.resize(index + 1, 0);
    }
    &mut times[index]
}

fn label(catch: &Catch) -> u32 {
    match catch {
        Catch::One { label, .. }
        | Catch::OneRef { label, .. }
        | Catch::All { label }
        | Catch::AllRef { label } => *label,
    }
}

#[cfg(test)]
mod tests;
