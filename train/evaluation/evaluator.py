"""One evaluation: the same held-out questions to all systems, their answers measured and compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from curate.core.errors import InputError, ModelError
from curate.core.text import plural, visible
from curate.language.reasoning_marks import without_reasoning
from curate.models.names import resolve
from train.errors import memory_errors
from train.evaluation.answering import Loss, ModelAnswer, ResponseCache
from train.evaluation.eval_setup import eval_setup, longest_answer
from train.evaluation.evaluation_result import Comparison, Evaluation, NotAsked, Output, Result
from train.evaluation.local_model import LocalModel
from train.evaluation.options import EMBEDDINGS, SYSTEMS, EvaluationOptions, System, SystemName
from train.evaluation.prompts import (
    PASSAGES,
    EvaluationQuestion,
    Passage,
    Shown,
    fixed_shots,
    nearest_passages,
    nearest_shots,
    passages_in,
)
from train.evaluation.served_model import ServedModel
from train.evaluation.verdict import Scores, best_tuned, classes, compare, retrieval_verdict, verdict_of
from train.journal import JournalPrinter
from train.scores import METRICS
from train.scores.calls import calls_in_answer
from train.scores.metric import Given
from train.trained import Trained

EVALUATION_FILE: Final = "evaluation.json"
ANSWERS_FILE: Final = "answers.jsonl"


@dataclass(frozen=True, slots=True)
class SystemAnswers:
    """The prompts of one system, with its answers and losses."""

    prompts: list[Any]
    answers: list[ModelAnswer]
    losses: list[Loss]

    @property
    def given(self) -> list[Given]:
        """Each answer with its tool calls and loss, as metrics take them; reasoning is left out of text and calls."""
        return [
            Given(
                without_reasoning(answer.text), calls_in_answer(without_reasoning(answer.raw)), loss.total, loss.tokens
            )
            for answer, loss in zip(self.answers, self.losses, strict=True)
        ]


Backend = LocalModel | ServedModel
"""The models that are asked: on this machine, or at a server."""


def evaluate(trained: Trained, backend: Backend, options: EvaluationOptions, printer: JournalPrinter) -> Evaluation:
    """Ask, measure, compare, write `evaluation.json`. Raises `CurateError`; answers so far stay in the cache."""
    hint = "answers so far are kept: try a lower --max-new-tokens or --shots, or a machine with more memory"
    with backend.folder.locked(), memory_errors(hint):
        return Evaluating(trained, backend, options, printer).run()


class Evaluating:
    """A running evaluation."""

    def __init__(self, trained: Trained, backend: Backend, options: EvaluationOptions, printer: JournalPrinter) -> None:
        self.trained, self.backend, self.options, self.printer = trained, backend, options, printer
        self.setup = eval_setup(trained, backend.template, options)
        self.max_new_tokens = options.max_new_tokens or longest_answer(self.setup, backend.count_tokens)
        path = backend.folder.path / "evaluation" / ANSWERS_FILE
        if options.fresh:
            path.unlink(missing_ok=True)
        self.cache = ResponseCache(path)
        self.notes = list(self.setup.notes)
        self.embeddings: str | None = None
        self.passages = [] if options.documents is None else passages_in(options.documents)
        self.retrieved: list[list[Shown]] = []
        """For each question what was nearest to it."""
        self.not_asked: list[NotAsked] = []

    def run(self) -> Evaluation:
        """Ask all systems, compare their answers, and return the evaluation."""
        with self.printer.showing():
            prompts = self._prompts(self._systems())
        self.backend.agree([(SYSTEMS[name], prompts[name]) for name in prompts], self.cache, self.max_new_tokens)
        with self.printer.showing():
            answers_by_system = {
                name: SystemAnswers(of, *self.backend.ask(SYSTEMS[name], of, self.cache, self.max_new_tokens))
                for name, of in prompts.items()
            }
        questions = self.setup.questions
        numbers: dict[str, int] = {}
        owners = [numbers.setdefault(question.example.id, len(numbers)) for question in questions]
        expected = [question.expected for question in questions]
        given = {name: answers.given for name, answers in answers_by_system.items()}
        scores, comparisons = compare(expected, given, owners, self.setup.metrics, self.options.seed)
        report = self._report(answers_by_system, scores, comparisons, len(numbers))
        self.backend.folder.write(EVALUATION_FILE, report.model_dump(mode="json"))
        return report

    def _systems(self) -> list[System]:
        """The systems that were named and can run; a note says why others cannot."""
        systems = [SYSTEMS[name] for name in SYSTEMS if name in self.options.systems]
        if not self.setup.pool or not self.setup.shots:
            why = "--shots 0" if self.setup.pool else "there are no training examples to show"
            systems = self._without_systems(
                systems,
                lambda system: system.shots == "fixed" or (system.shots == "nearest" and not self.passages),
                why,
            )
        if any(system.shots == "nearest" for system in systems):
            self.embeddings = self.options.embeddings or EMBEDDINGS
            try:
                resolve(self.embeddings)
            except ModelError as error:
                if self.options.embeddings is not None:
                    raise
                why = f"{error.message}; {error.hint}, or name a model with --embeddings"
                if not self.passages:
                    systems = self._without_systems(systems, lambda system: system.shots == "nearest", why)
                self.embeddings = None
        return systems

    def _without_systems(self, systems: Sequence[System], dropped_if: Any, why: str) -> list[System]:
        """The systems that the predicate `dropped_if` does not select; a note names the others and says `why`."""
        dropped = [system for system in systems if dropped_if(system)]
        if dropped:
            self.notes.append(f"not asked: {', '.join(system.title for system in dropped)}: {why}")
        return [system for system in systems if system not in dropped]

    def _prompts(self, systems: Sequence[System]) -> dict[SystemName, list[Any]]:
        """The prompts of each system; questions that the template refuses, or that are too long for
        the model, are left out for all.
        """
        render = self.backend.prompt
        self._leave_out([question for question in self.setup.questions if render(question) is None])
        prompts: dict[SystemName, list[Any]] = {}
        for system in systems:
            rendered = map(render, self.setup.questions, self._shots(system))
            prompts[system.name] = [prompt for prompt in rendered if prompt is not None]
        return prompts

    def _leave_out(self, refused: list[EvaluationQuestion]) -> None:
        """Remove the questions that cannot be asked, and record why. Raises `InputError` if none is left."""
        for question in refused:
            why = self.backend.refusal(question)
            line, example = question.example.place.line, question.example.id
            self.not_asked.append(NotAsked(line=line, example=example, reason=visible(why)))
        refused_ids = set(map(id, refused))
        self.setup.questions[:] = [question for question in self.setup.questions if id(question) not in refused_ids]
        if refused:
            self.notes.append(
                f"{plural(len(refused), 'question')} not asked, refused by the chat template or too long for the "
                "model; see `not_asked`"
            )
        if not self.setup.questions:
            raise InputError(
                f"{visible(str(self.setup.files.shown))}: none of its questions can be asked",
                self.not_asked[0].reason,
            )

    def _shots(self, system: System) -> Sequence[Sequence[Shown]]:
        """The examples that precede each question in the prompts of a system."""
        setup, count = self.setup, self.setup.shots
        if system.shots == "none":
            return [[] for _ in setup.questions]
        if system.shots == "fixed":
            same = fixed_shots(setup.pool, count, self.options.seed, labels=setup.task == "classification")
            return [same for _ in setup.questions]
        if not self.retrieved:
            self.retrieved = self._retrieve()
        return self.retrieved

    def _retrieve(self) -> list[list[Shown]]:
        """The passages or examples that are most similar to each question."""
        setup, cache = self.setup, self.backend.folder.path / "evaluation"
        requests, pool = ([question.request for question in of] for of in (setup.questions, setup.pool))
        texts = [passage.text for passage in self.passages] or pool
        phase = self.printer.phase("retrieval", len({*requests, *texts} if self.embeddings else ()))
        if self.passages:
            files = plural(len({passage.file for passage in self.passages}), "document")
            by = "BM25" if self.embeddings is None else f"BM25 and {self.embeddings}"
            self.notes.append(f"retrieval: {plural(len(self.passages), 'passage')} of {files}, ranked by {by}")
            where = (requests, self.passages, PASSAGES, self.embeddings, cache)
            return [list[Shown](passages) for passages in nearest_passages(*where, phase.advance)]
        assert self.embeddings is not None
        shots = nearest_shots(setup.questions, setup.pool, setup.shots, self.embeddings, cache, phase.advance)
        return [list[Shown](examples) for examples in shots]

    def _report(
        self,
        answers_by_system: dict[SystemName, SystemAnswers],
        scores: Scores,
        comparisons: list[Comparison],
        examples: int,
    ) -> Evaluation:
        """The evaluation with its verdict. `examples`: the number of examples that the questions are from."""
        setup = self.setup
        results = tuple(
            _result_of(SYSTEMS[name], answers, scores, self._shots(SYSTEMS[name]))
            for name, answers in answers_by_system.items()
        )
        verdict = verdict_of(results, comparisons, setup.metric, len(setup.questions))
        if self.passages:
            line = retrieval_verdict(comparisons, setup.metric, len(setup.questions))
            verdict = verdict.model_copy(update={"retrieval": line})
        often_cut = [result for result in results if result.cut > len(setup.questions) / 10]
        if often_cut:
            counts = "; ".join(f"{result.title}: {plural(result.cut, 'answer')}" for result in often_cut)
            self.notes.append(f"cut off at {self.max_new_tokens} tokens, --max-new-tokens allows more: {counts}")
        if short_of := [result for result in results if result.fewer_shots]:
            counts = "; ".join(f"{result.title}: {plural(result.fewer_shots, 'question')}" for result in short_of)
            what = "passages or examples" if self.passages else "examples"
            why = "because they do not fit, or the chat template takes none"
            self.notes.append(f"prompts with fewer {what} than requested, {why}: {counts}")
        best = best_tuned(results, verdict, setup.metric)
        expected, labels = [question.expected for question in setup.questions], setup.task == "classification"
        by_question = [
            {name: answers.answers[i] for name, answers in answers_by_system.items()}
            for i in range(len(setup.questions))
        ]
        return Evaluation(
            key=self.trained.report.key,
            **self.backend.names,
            adapter_sha256=self.trained.report.adapter_sha256,
            template=None if self.backend.template is None else self.backend.template.hash,
            **{key: getattr(setup, key) for key in ("split", "available", "task", "task_from", "metric")},
            split_sha256=setup.files.sha256(),
            titles={name: METRICS[name].title for name in results[0].scores},
            examples=examples,
            questions=len(setup.questions),
            max_new_tokens=self.max_new_tokens,
            embeddings=self.embeddings,
            passages=len(self.passages) or None,
            results=results,
            comparisons=tuple(comparisons),
            verdict=verdict,
            classes=classes(expected, answers_by_system[best.name].given) if labels and best is not None else (),
            outputs=tuple(map(_output, setup.questions, by_question, self._shown(answers_by_system))),
            not_asked=tuple(self.not_asked),
            notes=tuple(self.notes),
        )

    def _shown(self, answers_by_system: dict[SystemName, SystemAnswers]) -> list[Sequence[Shown]]:
        """For each question what was nearest to it and had room in the prompts."""
        prompts = [answers.prompts for name, answers in answers_by_system.items() if SYSTEMS[name].shots == "nearest"]
        if not prompts:
            return [[] for _ in self.setup.questions]
        pairs = zip(self.retrieved, prompts[0], strict=True)
        return [nearest[len(nearest) - prompt.shots :] for nearest, prompt in pairs]


def _result_of(
    system: System, system_answers: SystemAnswers, scores: Scores, shots: Sequence[Sequence[Shown]]
) -> Result:
    """The scores of a system, with the examples in its prompts and its answers that were cut off. `shots`: what was to
    precede each question.
    """
    prompts = system_answers.prompts
    most = max(prompt.shots for prompt in prompts)
    return Result(
        name=system.name, title=system.title if system.name != "few-shot" else f"base, {most}-shot", tuned=system.tuned,
        shots=most,
        fewer_shots=sum(prompt.shots < len(shown) for prompt, shown in zip(prompts, shots, strict=True)),
        cut=sum(not answer.ended for answer in system_answers.answers),
        scores=scores[system.name],
    )  # fmt: skip


def _output(question: EvaluationQuestion, answers: dict[SystemName, ModelAnswer], nearest: Sequence[Shown]) -> Output:
    """A question with the expected answer and the answer of each system."""
    calls = [f"{name}({arguments})" for name, arguments in question.expected.calls]
    return Output(
        file=question.example.place.file, line=question.example.place.line, example=question.example.id,
        request=question.request,
        expected=question.expected.text or "; ".join(calls),
        answers={name: answer.text or answer.raw for name, answer in answers.items()},
        passages=tuple(f"{passage.file}:{passage.line}" for passage in nearest if isinstance(passage, Passage)),
    )  # fmt: skip
