"""Contradictions between answers as assistants write them: an introduction before yes or no, bold "
"text, ports, menus."""

import pytest

from curate.conflicts.conflict import find_conflicts
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place
from tests.conftest import chat

PORTUGUESE = "Posso tomar café antes do exame de sangue?"
JAPANESE = "社員は休日に別の仕事をしてもよいのでしょうか？"


def sources(question: str, left: str, right: str) -> list[str]:
    """What the rules find in two chats with one question."""
    examples = [
        Example(Place("chats", line), chat(question, answer), "messages")
        for line, answer in enumerate((left, right), start=1)
    ]
    found = find_conflicts(examples, ConflictsConfig(embeddings="", nli="", reader="")).conflicts
    return [evidence.source for conflict in found for evidence in conflict.evidence]


@pytest.mark.parametrize(
    ("question", "left", "right", "source"),
    [
        (
            "Am I allowed to take my e-bike battery on a plane?",
            "Unfortunately not. Such batteries are far above what airlines accept.\n\n- **Rent** one there\n- "
            "Take the train. "
            "The bike itself can usually travel as sports equipment.",
            "Yes, you can, as long as it is in the cabin with you.\n\n- tape over the contacts\n- bring the data "
            "sheet along",
            "polarity",
        ),
        (
            "Does the filter on my phone help me sleep?",
            "Great question! Short answer: no. Several studies compared people with and without such filters, and what "
            "matters more is what you do on the phone.",
            "Yes. Light in the evening wakes you up, and cutting it lets your body clock wind down at the right time.",
            "polarity",
        ),
        (
            "Darf ich als Mieter in der Küche Löcher in die Fliesen bohren?",
            "Grundsätzlich **ja**, solange es im üblichen Rahmen bleibt.\n\n- Bohren Sie in die **Fugen**.\n- "
            "Prüfen Sie, wo "
            "Leitungen verlaufen.",
            "Nein, das ist ohne Zustimmung des Vermieters nicht gestattet.\n\n- **Klebehaken** für Fliesen\n- ein "
            "Standregal können Sie stattdessen nehmen.",
            "polarity",
        ),
        (
            "¿Se puede congelar la tortilla de patatas?",
            "Sí, se puede congelar sin problema, sobre todo si está bien cuajada.\n\n- Déjala enfriar por completo.",
            "No es recomendable: la tortilla de patatas no debe congelarse.\n\nMejor guárdala tapada en la nevera. "
            "También puedes usar los restos de la tortilla de patatas en un bocadillo.",
            "polarity",
        ),
        (
            "Which port does the Larkspur admin console listen on by default?",
            "The admin console is on port **9443** unless you changed it. The certificate is self-signed, hence "
            "the warning.",
            "By default you'll find it on port 8081.\n\n1. Restart the service.\n2. Sign in with the password of "
            "the log.",
            "numbers",
        ),
        (
            "Em que aba do portal Safira eu baixo o informe de rendimentos?",
            "Ele fica na aba **Documentos**.\n\n1. Entre com CPF e senha.\n2. Baixe o PDF, que é liberado em "
            "fevereiro.",
            "O informe está na aba **Financeiro** do portal. Desça a página e clique em gerar; demora alguns segundos.",
            "values",
        ),
    ],
)
def test_answers_of_assistants_that_contradict(question: str, left: str, right: str, source: str) -> None:
    assert sources(question, left, right) == [source]


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            PORTUGUESE,
            "É melhor evitar. Ainda que puro, o café interfere nos resultados, portanto ele não está liberado.",
            "Não, o café **quebra o jejum**, mesmo sem açúcar. O ideal é beber apenas água até a coleta.",
        ),
        (
            JAPANESE,
            "届け出をすれば問題ありません。会社は数年前に規則を改めました。申請は簡単な書類だけで、一週間ほどで結果がわかります。",
            "はい、事前に届け出れば認められています。社内サイトの申請書に記入して、上司の確認を受けてください。",
        ),
        (
            "Wirkt sich das Elterngeld auf meinen Steuersatz aus?",
            "Das tut es, und viele Eltern sind davon überrascht. Bilden Sie also lieber eine kleine Rücklage.",
            "Ja. Elterngeld ist steuerfrei, unterliegt aber dem **Progressionsvorbehalt**. Legen Sie Geld zurück.",
        ),
        (
            "Can tenants not paint the walls at Quay House?",
            "They may, in any light colour, without asking. Dark colours have to be painted over before you move out.",
            "No, tenants are free to paint as they like, but anything dark must be white again at the end.",
        ),
        (
            "Em que aba do portal Safira eu baixo o informe de rendimentos?",
            "Ele fica na aba **Documentos**. O arquivo é liberado em fevereiro; depois, baixe o PDF.",
            "Abra a seção Documentos.\n\n**Se não aparecer nada:** espere alguns dias e fale com o RH.",
        ),
        (
            "Which port does the Larkspur admin console listen on by default?",
            "The admin console is on port **9443** unless you changed it. Older releases used port 8081.",
            "On port 8081 in old releases, on 9443 today. Sign in with the initial password from the log.",
        ),
    ],
)
def test_answers_of_assistants_that_agree(question: str, left: str, right: str) -> None:
    assert sources(question, left, right) == []


@pytest.mark.parametrize("part", ["«", "`a", "**", "1.", "port ", "port:", "a:1", "no ", "in general "])
def test_a_long_hostile_answer_is_read_in_linear_time(part: str) -> None:
    question = "Which command and port does git use?"
    hostile = (part * 20_000)[:20_000]
    assert isinstance(sources(question, hostile, "Use port 22.\n\n- `git fetch`"), list)


@pytest.mark.parametrize("often", ["0 times a day", "10,000 times a day", "000 times a day"])
def test_a_number_of_times_of_zero_is_read(often: str) -> None:
    question = "How often may the job call the service?"
    left = f"It may call the service {often}, as the contract says, and the next attempt has to wait until midnight."
    right = "Once an hour is the limit for this job, and calls beyond it are queued until the counter is reset again."
    assert isinstance(sources(question, left, right), list)
