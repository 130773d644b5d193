"""One evaluation: the same held-out questions to all systems, their answers measured and compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from curate.core.errors import InputError, ModelError
from curate.core.files import sha256
from curate.core.text import plural, visible
from curate.models.names import configuration, resolve
from curate.models.template import Template
from train.evaluation.answering import Answer, Loss, ModelQueries, Models, ResponseCache
from train.evaluation.eval_setup import EvalSetup, eval_setup, longest_answer
from train.evaluation.evaluation_result import Comparison, Evaluation, NotAsked, Output, Result
from train.evaluation.options import EMBEDDINGS, SYSTEMS, Options, System, SystemName
from train.evaluation.prompts import Prompt, Prompts, Question, fixed, longest_context, nearest
from train.evaluation.significance import Scores, classes, compare
from train.evaluation.verdict import best_tuned, verdict_of
from train.generation import stop_ids
from train.journal import Narrator
from train.scores.calls import called
from train.scores.metric import Given
from train.trained import Trained

NAME: Final = "evaluation.json"
ANSWERS: Final = "answers.jsonl"
CONTEXT: Final = 8192
"""Most tokens of a prompt, even if the model allows more."""


@dataclass(frozen=True, slots=True)
class SystemAnswers:
    """The prompts of one system, with its answers and losses."""

    prompts: list[Prompt]
    answers: list[Answer]
    losses: list[Loss]

    @property
    def given(self) -> list[Given]:
        """The answers as metrics take them."""
        return [
            Given(answer.text, called(answer.raw), loss.total, loss.tokens)
            for answer, loss in zip(self.answers, self.losses, strict=True)
        ]


def evaluate(trained: Trained, options: Options, narrator: Narrator) -> Evaluation:
    """Ask, measure, compare, write `evaluation.json`. Raises `CurateError`; answers so far stay in the cache."""
    with trained.folder.locked():
        return Evaluating(trained, options, narrator).run()


class Evaluating:
    """A running evaluation."""

    def __init__(self, trained: Trained, options: Options, narrator: Narrator) -> None:
        self.trained, self.options, self.narrator = trained, options, narrator
        self.template: Template = trained.template()
        self.setup: EvalSetup = eval_setup(trained, self.template, options)
        self.max_new_tokens = options.max_new_tokens or longest_answer(self.template, self.setup)
        self.cache = ResponseCache(trained.folder.path / "evaluation" / ANSWERS)
        self.notes = list(self.setup.notes)
        self.embeddings: str | None = None
        self.not_asked: list[NotAsked] = []

    def run(self) -> Evaluation:
        """Run all of it."""
        systems = self._systems()
        prompts = self._prompts(systems)
        models = Models(self.trained, lambda: self.narrator.say("loading the model"))
        asked = {name: self._ask(SYSTEMS[name], prompts[name], models) for name in prompts}
        questions = self.setup.questions
        numbers: dict[str, int] = {}
        owners = [numbers.setdefault(question.example.id, len(numbers)) for question in questions]
        expected = [question.expected for question in questions]
        given = {name: one.given for name, one in asked.items()}
        scores, comparisons = compare(expected, given, owners, self.setup.metrics, self.options.seed)
        report = self._report(asked, scores, comparisons, len(numbers))
        self.trained.folder.write(NAME, report.model_dump(mode="json"))
        return report

    def _systems(self) -> list[System]:
        """The systems that were named and can run; a note says why others cannot."""
        found = [SYSTEMS[name] for name in SYSTEMS if name in self.options.contenders]
        if not self.setup.pool or not self.setup.shots:
            why = "--shots 0" if self.setup.pool else "there are no training examples to show"
            found = self._drop(found, lambda one: one.shots != "none", why)
        if any(one.shots == "nearest" for one in found):
            self.embeddings = self.options.embeddings or EMBEDDINGS
            try:
                resolve(self.embeddings)
            except ModelError as error:
                if self.options.embeddings is not None:
                    raise
                why = f"{error.message}; {error.hint}, or name a model with --embeddings"
                found = self._drop(found, lambda one: one.shots == "nearest", why)
                self.embeddings = None
        return found

    def _drop(self, systems: Sequence[System], which: Any, why: str) -> list[System]:
        dropped = [one for one in systems if which(one)]
        if dropped:
            self.notes.append(f"not asked: {', '.join(one.title for one in dropped)}: {why}")
        return [one for one in systems if one not in dropped]

    def _prompts(self, systems: Sequence[System]) -> dict[SystemName, list[Prompt]]:
        """The prompts of each system; questions that the template refuses are left out for all."""
        prompts = Prompts(self.template, longest_context(configuration(self.trained.recipe.model), CONTEXT))
        self._leave_out([question for question in self.setup.questions if prompts.of(question) is None])
        found: dict[SystemName, list[Prompt]] = {}
        for one in systems:
            rendered = map(prompts.of, self.setup.questions, self._shots(one))
            found[one.name] = [prompt for prompt in rendered if prompt is not None]
        return found

    def _leave_out(self, refused: list[Question]) -> None:
        for question in refused:
            encoding = self.template.encode({**question.example.value, "messages": question.messages})
            why = encoding.problems[0].message if encoding.problems else "the chat template changes its earlier turns"
            line, example = question.example.place.line, question.example.id
            self.not_asked.append(NotAsked(line=line, example=example, reason=visible(why)))
        gone = set(map(id, refused))
        self.setup.questions[:] = [question for question in self.setup.questions if id(question) not in gone]
        if refused:
            self.notes.append(
                f"{plural(len(refused), 'question')} not asked because the chat template refuses them; see `not_asked`"
            )
        if not self.setup.questions:
            raise InputError(
                f"{visible(str(self.setup.path))}: the chat template refuses all of its questions",
                self.not_asked[0].reason,
            )

    def _shots(self, system: System) -> list[list[Question]]:
        setup, count = self.setup, self.setup.shots
        if system.shots == "none":
            return [[] for _ in setup.questions]
        if system.shots == "fixed":
            same = fixed(setup.pool, count, self.options.seed, labels=setup.task == "classification")
            return [same for _ in setup.questions]
        assert self.embeddings is not None
        requests = {question.request for question in (*setup.questions, *setup.pool)}
        phase, cache = self.narrator.phase("embedding", len(requests)), self.trained.folder.path / "evaluation"
        return nearest(setup.questions, setup.pool, count, self.embeddings, cache, phase.advance)

    def _ask(self, system: System, prompts: list[Prompt], models: Models) -> SystemAnswers:
        report, recipe = self.trained.report, self.trained.recipe
        weights = report.adapter_sha256 if system.tuned else None
        identity = [report.base, recipe.quantised, recipe.double_quantisation, str(self.trained.dtype), weights]
        stops = stop_ids(self.template, [prompt.encoded for prompt in prompts])
        asking = ModelQueries(self.template, stops, self.trained.dtype, self.max_new_tokens, self.cache, repr(identity))
        phase = self.narrator.phase(system.title, 2 * len(prompts))
        with models.lent(tuned=system.tuned) as (model, packs):
            answers = asking.answers(model, [prompt.text for prompt in prompts], phase.advance)
            losses = asking.losses(model, [prompt.encoded for prompt in prompts], packs, phase.advance)
        return SystemAnswers(prompts, answers, losses)

    def _report(
        self, asked: dict[SystemName, SystemAnswers], scores: Scores, comparisons: list[Comparison], examples: int
    ) -> Evaluation:
        setup = self.setup
        results = tuple(_result(SYSTEMS[name], one, scores) for name, one in asked.items())
        verdict = verdict_of(results, comparisons, setup.metric, len(setup.questions))
        for one in results:
            if one.cut > len(setup.questions) / 10:
                self.notes.append(
                    f"{one.title}: {plural(one.cut, 'answer')} reached {self.max_new_tokens} tokens and were cut "
                    "off; --max-new-tokens allows more"
                )
        best = best_tuned(results, verdict, setup.metric)
        expected, labels = [question.expected for question in setup.questions], setup.task == "classification"
        by_question = [{name: one.answers[i] for name, one in asked.items()} for i in range(len(setup.questions))]
        return Evaluation(
            key=self.trained.report.key,
            model=self.trained.recipe.model,
            adapter_sha256=self.trained.report.adapter_sha256,
            template=self.template.hash,
            split=setup.split,
            split_sha256=sha256(setup.path),
            examples=examples,
            questions=len(setup.questions),
            available=setup.available,
            task=setup.task,
            task_from=setup.task_from,
            metric=setup.metric,
            max_new_tokens=self.max_new_tokens,
            embeddings=self.embeddings,
            results=results,
            comparisons=tuple(comparisons),
            verdict=verdict,
            classes=classes(expected, asked[best.name].given) if labels and best is not None else (),
            outputs=tuple(map(_output, setup.questions, by_question)),
            not_asked=tuple(self.not_asked),
            notes=tuple(self.notes),
        )


def _result(system: System, asked: SystemAnswers, scores: Scores) -> Result:
    shots = Counter(prompt.shots for prompt in asked.prompts)
    most = max(shots)
    return Result(
        name=system.name, title=system.title if system.name != "few-shot" else f"base, {most}-shot", tuned=system.tuned,
        shots=most,
        fewer_shots=sum(count for number, count in shots.items() if number < most),
        cut=sum(not answer.ended for answer in asked.answers),
        scores=scores[system.name],
    )  # fmt: skip


def _output(question: Question, answers: dict[SystemName, Answer]) -> Output:
    calls = [f"{name}({arguments})" for name, arguments in question.expected.calls]
    return Output(
        file=question.example.place.file, line=question.example.place.line, example=question.example.id,
        request=question.request,
        expected=question.expected.text or "; ".join(calls),
        answers={name: answer.text or answer.raw for name, answer in answers.items()},
    )  # fmt: skip
