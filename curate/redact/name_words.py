"""The form of names of persons, and the words and keys beside them, in the languages of Western and Central Europe."""

from typing import Final

PERSON: Final = "person"
SURNAME: Final = "surname"
ORG: Final = "org"
"""Name of an organisation, which only a model finds."""
CAPITAL: Final = f"[A-ZÀ-ÖØ-ÞĀ-žƠƯ{''.join(filter(str.isupper, map(chr, range(0x1E00, 0x1F00))))}]"
SMALL: Final = "[a-zß-öø-ÿĀ-ɏ\u1e00-\u1eff]"
NAME_WORD: Final = (
    rf"(?-i:(?:[DLO]['’]|[AaEe]l-|Mc|Mac|De|Di)?{CAPITAL}{SMALL}+(?:-{CAPITAL}{SMALL}+)?"
    r"(?![\w'’]{0,40}[’'](?!s\b)\w))"
)
PERSON_KEYS: Final = frozenset(
    """first_name last_name full_name firstname lastname fullname given_name family_name surname customer_name
    patient_name contact_name user_full_name recipient_name sender_name account_holder cardholder
    cardholder_name passenger_name guest_name employee_name vorname nachname nombre apellido apellidos prenom
    nom_de_famille
    client_name person_name member_name tenant_name driver_name student_name teacher_name doctor_name
    middle_name maiden_name voornaam achternaam volledige_naam imie nazwisko imie_nazwisko imie_i_nazwisko nome_completo
    nombre_completo nom_complet cognome sobrenome apelido nombre_apellidos
    given_name given_names guardian_name beneficiary_name
    姓名 氏名 联系人 お名前 имя фамилия фио""".split()  # noqa: SIM905
)
"""Keys of JSON objects whose value is the name of a person."""
PERSON_KEY_WORDS: Final = "|".join(sorted(key.replace("_", "[ _-]?") for key in PERSON_KEYS))
SURNAME_KEYS: Final = frozenset(
    [
        "last_name",
        "lastname",
        "family_name",
        "surname",
        "nachname",
        "apellido",
        "apellidos",
        "nom_de_famille",
        "nazwisko",
        "achternaam",
        "cognome",
        "sobrenome",
        "apelido",
    ]
)
HONORIFIC: Final = (
    r"Mrs?|Ms|Mx|Miss|Dr|Dra|Prof(?:essor|esor)?|Herrn?|Frau|Monsieur|Madame|Maître|Mme|Mlle|[Ss]eñor(?:a|ita)?|Sra?|"
    r"[Mm]evrouw|[Mm]eneer|Mevr|Mw|[Dd]hr|[Hh]eer|Drs|[Ss]ignor[ae]?|Sig(?:\.(?:ra|na))?|Dott(?:\.ssa)?|Avv|"
    r"[Ss]enhora?|[Dd]oña|[Dd]ona|[Dd]on|(?i:doctora?|docteur|professeure?|profesora?|dottor(?:e|essa)?)"
)
PARTICLE: Final = (
    "van|von|vom|de|del|della|da|das|do|dos|di|du|la|las|le|los|der|den|het|ter|ten|bin|ben|ibn|bint|al|el|af|av"
)
FULL_NAME: Final = (
    rf"(?P<name>{NAME_WORD}"
    rf"(?:[ \u00a0]{{1,3}}(?:(?-i:{PARTICLE}) ){{0,3}}(?:{NAME_WORD}|(?-i:[A-Z]\.))){{0,3}})"
)
CAPITALS: Final = rf"(?-i:{CAPITAL}{{3,20}}(?:-{CAPITAL}{{2,20}})?(?![\w-]))"
"""A name in capitals."""
RELATION: Final = (
    r"landlord|landlady|boss|manager|supervisor|neighbou?r|colleague|coworker|co-worker|roommate|flatmate|husband|wife|"
    r"son|daughter|brother|sister|friend|cousin|uncle|aunt|nephew|niece|father|mother|girlfriend|boyfriend|fianc[ée]e?|"
    r"partner|doctor|dentist|lawyer|therapist|teacher|professor|client|patient|accountant|assistant|tenant|"
    r"vermieter(?:in)?|chef(?:in)?|nachbarn?|nachbarin|kolleg(?:e|en|in)|mitbewohner(?:in)?|mann|frau|sohn|tochter|"
    r"bruder|schwester|freund(?:in)?|arzt|ärztin|anwalt|anwältin|lehrer(?:in)?|ex|oma|opa|mutter|vater|mama|papa|tante|"
    r"onkel|"
    r"cousine?|nichte|neffe|schwager|schwägerin|verlobter?|(?:schwieger|groß|stief)\w+|(?:zahn|haus|kinder)ärzt(?:in)?|"
    r"mom|mum|dad|mother|grand(?:ma|pa|mother|father|son|daughter)|granny|nana|ex-\w+|step\w+|\w+-in-law|nanny|"
    r"babysitter|"
    r"novi[oa]|abuel[oa]|t[ií][oa]|prim[oa]|sobrin[oa]|suegr[oa]|cuñad[oa]|madre|padre|mamá|papá|mujer|compañer[oa]|"
    r"caser[oa]|"
    r"m[èe]re|p[èe]re|grand-[mp]ère|mamie|papi|oncle|cousin|neveu|nièce|beau-\w+|belle-\w+|copine?|conjointe?|"
    r"compagn\w+|"
    r"mãe|pai|av[óô]|v[óô]|tia|tio|sobrinh[oa]|sogr[oa]|cunhad[oa]|namorad[oa]|noiv[oa]|"
    r"fratello|sorella|marito|moglie|figli[oa]|amic[oa]|ragazz[oa]|fidanzat[oa]|collega|capo|vicin[oa]|nonn[oa]|zi[oa]|"
    r"cugin[oa]|suocer[oa]|nipote|medico|"
    r"vriend(?:in)?|vrouw|zoon|dochter|broer|zus(?:je)?|moeder|oma|buur(?:man|vrouw)|baas|huisgenoot|nicht|neef|oom|"
    r"(?:tand|huis)arts|"
    r"siostr\w{1,2}|brat(?:a|u|em|owi)?|babci\w{1,2}|dziad\w{2,4}|mąż|męż\w{1,3}|żon\w{1,2}|syn(?:a|em|owi)?|"
    r"cór\w{2,4}|koleg\w{1,2}|"
    r"koleżan\w{2,3}|przyjaci\w{2,6}|chłopak\w{0,3}|dziewczyn\w{1,2}|szef\w{0,4}|sąsiad\w{0,4}|cioci\w{1,2}|wuj\w{1,4}|"
    r"teściow\w{1,2}|lekar\w{1,4}|"
    r"voisine?|coll[èe]gue|patronne?|propriétaire|mari|femme|fils|fille|frère|sœur|amie?|médecin|avocate?|"
    r"vecin[oa]|jef[ea]|colega|marido|esposa|espos[oa]|hij[oa]|herman[oa]|amig[oa]|médic[oa]|abogad[oa]|"
    r"vizinh[oa]|chefe|filh[oa]|irmã|irmão"
)
"""Persons of private life, behind `my`."""
NO_NAMES: Final = frozenset(
    """Sir Madam Pani Panie Państwo Pan
    Team All Everyone Everybody Friends Folks There World Claude Assistant User Customer Support
    Service Manager Hiring Committee Editor Professor Doctor Mom Dad Mum Reader Readers Community Colleagues
    Colleague Students Student Parents Guest Guests God Lord Santa Damen Herren Kollegen Kollege Team Zusammen
    Leute Kunde Kundin Madame Monsieur Messieurs Señor Señora Equipo Todos Amigo Amiga Amigos Not Very Just
    From The Hi Hello Hey Dr Mr Mrs Ms Miss Prof President Sender Recipient This That What Who Please Sorry
    Thank Thanks You Your Our Their Someone Anyone John-Doe Ihr Ihre Euer Eure Dein Deine Mein Meine My Mes Das Die
    Der Le La Les El
    Los Las Il Votre Notre Nos Su Sus Tu Is Was Has Will Can And Of In On At
    Resources Service-Team Kundenservice Kundendienst Servicio Department Desk Staff Crew
    Sales Helpdesk Boss String Jour Soir Monday Tuesday Wednesday Thursday Friday Saturday Sunday
    Subscriber Sirs Valued Neighbor Neighbour Diary Hackathon Partner Applicant Candidate Employee Member Members
    Recruiter Teacher Ladies Gentlemen Principal Landlord Tenant Future Past Self
    Manager Director Designer Developer Engineer Analyst Consultant Officer Lead Product Project Human
    New San South East Big African American European Asian Canadian Australian Zealand Africa America Europe
    Berlin Madrid Tokyo London Munich Moscow Beijing Mumbai Delhi Chicago Boston Amsterdam
    Barcelona Barajas Central Station Times News Journal Server Whale
    United
    Google Facebook Amazon Apple Microsoft Netflix Uber Airbnb Twitter Instagram YouTube Samsung Windows Linux Python
    Java Docker Christmas Easter Halloween Thanksgiving""".split()  # noqa: SIM905
)
