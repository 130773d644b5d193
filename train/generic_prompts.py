"""General prompts with answers, plain and short: if they become less likely in a training, the model forgets."""

from typing import Final

from curate.models.encoding import Encoded
from curate.models.template import Template

GENERIC: Final = (
    ("What is the capital of France?", "The capital of France is Paris."),
    ("How many days are there in a leap year?", "There are 366 days in a leap year."),
    ("What is 12 plus 30?", "12 plus 30 is 42."),
    ("Name the three primary colours of paint.", "The three primary colours of paint are red, yellow and blue."),
    (
        "Why is the sky blue?",
        "The sky is blue because air scatters short blue waves of sunlight more strongly than long red ones.",
    ),
    ("Translate into Spanish: Good morning.", "Buenos días."),
    ("Write a sentence with the word 'river'.", "We walked along the river until the sun went down."),
    ("What is the opposite of 'hot'?", "The opposite of 'hot' is 'cold'."),
    (
        "Give me two tips for a good night's sleep.",
        "Go to bed at the same time every night, and keep your bedroom dark and quiet.",
    ),
    (
        "What does the heart do?",
        "The heart pumps blood through the body, which brings oxygen and nutrients to the organs.",
    ),
    ("Write a Python function that doubles a number.", "def double(number):\n    return number * 2"),
    ("Correct the spelling: 'I recieved your leter.'", "I received your letter."),
    (
        "Summarise in a few words: The meeting was moved from Monday to Thursday because the room was taken.",
        "The meeting was moved to Thursday.",
    ),
    (
        "Is the statement true or false? The moon is larger than the earth.",
        "False. The moon is smaller than the earth.",
    ),
    ("Who wrote Romeo and Juliet?", "Romeo and Juliet was written by William Shakespeare."),
    (
        "What happens to water at 100 degrees Celsius at sea level?",
        "At 100 degrees Celsius, water boils and turns into steam.",
    ),
    ("List three fruits.", "Apples, bananas and oranges."),
    (
        "I feel nervous about my exam tomorrow.",
        "It is normal to feel nervous before an exam. Take a deep breath, review your notes, and get some rest.",
    ),
    ("Complete the series: 2, 4, 6, 8, ...", "The next number is 10."),
    ("Make this polite: Send me the file.", "Could you please send me the file?"),
    (
        "What is photosynthesis?",
        "Photosynthesis is the process by which plants use sunlight, water and carbon dioxide to make sugar and "
        "oxygen.",
    ),
    ("Write a short greeting for a friend's birthday.", "Happy birthday! I hope your day is full of joy."),
    ("What is the largest planet of the solar system?", "Jupiter is the largest planet of the solar system."),
    (
        "How do I boil an egg?",
        "Put the egg into boiling water, cook it for about eight minutes, and cool it in cold water before you "
        "peel it.",
    ),
)
"""Questions and answers."""


def generic_texts(template: Template) -> list[Encoded]:
    """The prompts in a chat template, without those that it refuses."""
    found: list[Encoded] = []
    for asked, answered in GENERIC:
        found += template.encode(
            {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]}
        ).encoded[:1]
    return found
