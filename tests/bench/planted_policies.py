"""Questions about a company's policies, each with two answers of different years: contradictions as they come about in
support data.
"""

from typing import Final

POLICIES: Final = (
    (
        "How long do I have to return an item?",
        "You have 30 days from delivery to return an item.",
        "Items can be returned up to 14 days after delivery.",
    ),
    (
        "Is standard shipping free?",
        "Yes, standard shipping is free on every order.",
        "Standard shipping costs $4.99 per order.",
    ),
    (
        "Are gift cards refundable?",
        "Gift cards are refundable within 30 days of purchase.",
        "Gift cards are not refundable.",
    ),
    (
        "Can I cancel my subscription at any time?",
        "Yes, you can cancel at any time from your account page.",
        "No, a subscription runs for twelve months and cannot be cancelled before that.",
    ),
    (
        "What is the warranty on the X200 headphones?",
        "The X200 headphones come with a two-year warranty.",
        "The X200 headphones have a warranty of one year.",
    ),
    ("Do you ship to Canada?", "Yes, we ship to Canada.", "We do not ship to Canada at the moment."),
    (
        "When is customer support open?",
        "Customer support is open from 9 am to 5 pm on weekdays.",
        "Customer support is open from 8 am to 8 pm on weekdays.",
    ),
    ("How much does the Pro plan cost?", "The Pro plan costs $20 per month.", "The Pro plan is $25 per month."),
    (
        "How many devices can I use with one licence?",
        "One licence can be used on five devices.",
        "One licence covers up to three devices.",
    ),
    (
        "Which address do I send returns to?",
        "Send returns to our warehouse in Leipzig.",
        "Returns go to our warehouse in Rotterdam.",
    ),
    ("How long does a refund take?", "Refunds take 5 business days.", "A refund takes up to 10 business days."),
    (
        "Is a signature required on delivery?",
        "A signature is required on delivery.",
        "A signature is not required on delivery.",
    ),
    (
        "Do I need a receipt for a return?",
        "Yes, a receipt is needed for every return.",
        "No, we find your order by your email address.",
    ),
    (
        "How many vacation days do employees get?",
        "Employees get 25 vacation days a year.",
        "Every employee has 28 days of vacation per year.",
    ),
    (
        "When are invoices sent?",
        "Invoices are sent on the first of each month.",
        "Invoices are sent on the fifteenth of each month.",
    ),
    (
        "Who approves travel expenses?",
        "Travel expenses are approved by your team lead.",
        "Travel expenses are approved by the Finance department.",
    ),
    ("What is the maximum upload size?", "The maximum upload size is 25 MB.", "Uploads may be at most 100 MB."),
    ("How long are backups kept?", "Backups are kept for 30 days.", "Backups are kept for 90 days."),
    ("Is remote work allowed?", "Remote work is allowed on three days a week.", "Remote work is not allowed."),
    (
        "Can children under six ride for free?",
        "Yes, children under six ride for free.",
        "No, children pay half the fare at any age.",
    ),
    (
        "How much luggage may I take on board?",
        "You may take one bag of up to 8 kg on board.",
        "One bag of up to 10 kg may be taken on board.",
    ),
    (
        "When does check-in close?",
        "Check-in closes 45 minutes before departure.",
        "Check-in closes one hour before departure.",
    ),
    ("Are pets allowed in the rooms?", "Pets are allowed in all rooms.", "Pets are prohibited in all rooms."),
    (
        "Is breakfast included in the room rate?",
        "Breakfast is included in the room rate.",
        "Breakfast is not included in the room rate; it costs 15 euros.",
    ),
    (
        "What is the deposit for a rental car?",
        "The deposit for a rental car is 300 euros.",
        "We take a deposit of 500 euros for a rental car.",
    ),
    ("How old must a driver be?", "A driver must be at least 21 years old.", "Drivers must be 25 years or older."),
    ("Do points expire?", "Points never expire.", "Points expire after 24 months."),
    (
        "Which bank holds the customer deposits?",
        "Customer deposits are held by Commerzbank.",
        "Customer deposits are held by Barclays.",
    ),
    (
        "How many times can I change my username?",
        "You can change your username twice a year.",
        "Your username can be changed once a year.",
    ),
    (
        "Is two-factor authentication mandatory?",
        "Two-factor authentication is mandatory for all accounts.",
        "Two-factor authentication is optional for all accounts.",
    ),
    (
        "What is the interest rate on the savings account?",
        "The interest rate on the savings account is 2.5%.",
        "The savings account pays an interest rate of 1.75%.",
    ),
    ("When does the free trial end?", "The free trial ends after 14 days.", "The free trial ends after one month."),
    ("Can I pay by cheque?", "You can pay by cheque.", "You cannot pay by cheque."),
    ("Which language is the contract in?", "The contract is in German.", "The contract is in English."),
    ("How many guests may I bring?", "You may bring two guests.", "You may bring one guest."),
    ("Are refunds paid in cash?", "Refunds are paid in cash.", "Refunds are never paid in cash."),
    ("What is the late fee?", "The late fee is $15.", "The late fee is $35."),
    ("When is the annual meeting?", "The annual meeting is in March.", "The annual meeting is in September."),
    ("Is parking free for visitors?", "Parking is free for visitors.", "Visitors pay 3 euros an hour for parking."),
    ("How long is the notice period?", "The notice period is four weeks.", "The notice period is three months."),
)
"""Question, the answer of one year, and that of another."""
