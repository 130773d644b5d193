"""Words that name a private value, in the languages of Western and Central Europe."""

from typing import Final

PASSPORT_WORDS: Final = (
    r"pas+p[or]{1,3}r?ts?|(?:reise)?pass(?:nummer|nr\.?)|reisepass|passeport|pasaporte|passaporto|passaporte|"
    r"paszport\w*|"
    r"paspoort\w*|pas(?:nummer)|(?:загран)?паспорт\w*|pasaport\w*|cestovn[íý]\w* pas\w*"
)
"""Also with a letter left out or changed over."""
LICENSE_WORDS: Final = (
    r"driv(?:er['’]?s?|ing)[ _-]licen[cs]e|dl|licen[cs]e (?:no\.?|number)|führerschein\w*|(?:numéro de )?permis|"
    r"(?:carn[eé]t?|licencia|permiso) de conducir|patente(?: di guida)?(?= n| [A-Z]{2}[0-9])|numero (?:della )?patente|"
    r"водительск\w+ (?:удостоверени|прав)\w*|"
    r"carteira de motorista|cnh|carta de condu[çc][ãa]o|rijbewijs\w*|prawo jazdy|prawa jazdy|körkort\w*|førerkort\w*|"
    r"kørekort\w*"
)
PLATE_WORDS: Final = (
    r"(?:licen[cs]e[ _-]|number[ _-])?plates?|(?:vehicle |car )?registration|(?:the|my|his|her|car|vehicle|"
    r"van)[ _-]reg|"
    r"(?:kfz-?|auto)?kennzeichen|nummernschild|(?:plaque d['’])?immatricul(?:ation|ée?)|plaque|matr[ií]cula(?:d[oa])?|"
    r"targ(?:a|at[oa])|placas?|nr rej\w*\.?|tablic[ea]|rejestracj\w{1,2}|(?:vehicle|ga+d[iy]) (?:no\.?|number)"
)
BIRTH_WORDS: Final = (
    r"born(?: on)?|birth[ _-]?da(?:y|te)|date[ _-]?of[ _-]?birth|d\.?o\.?b\.?|geboren(?: am)?|geburtsdatum|geburtstag|"
    r"n[ée]\(?e?\)?(?: le)?|nasceu(?: em)?|nació(?: el)?|date[ _](?:de[ _])?naissance|anniversaire|nacid[oa](?: el)?|"
    r"nac[ií](?: el)?|"
    r"fecha[ _](?:de[ _])?nac\w*|f\. ?(?:de )?nac\.?|cumplea[ñn]os|cumple|nat[oa] il|data[ _](?:di[ _])?nascita|"
    r"compleanno|nascid[oa](?: em)?|nasci(?: em)?|data[ _](?:de[ _])?nascimento|anivers[áa]rio|geb\.(?: am)?|"
    r"geb(?:oorte)?\.?[ -]?dat(?:um|\.)|verjaardag|geboren (?:op|te)|född(?: den)?|født(?: den)?|fødselsdato|"
    r"födelsedatum|dat[ay][ _]urodzenia|urodz\w+(?: się)?|ur\.|narozen\w*|doğum tarihi\w*|дата рождения|родил(?:ся|ась)"
)
CUSTOMER_WORDS: Final = (
    r"(?:customer|client|member(?:ship)?|patient|policy|insurance|order|employee|"
    r"library[ _-]card|"
    r"medical record|mrn|invoice|loyalty|booking|reservation|confirmation|kunden|kd\.?|versicherten|versicherungs|"
    r"bestell|bestellung|rechnungs|rechnung|auftrags?|vertrags?|mitglieds|cliente|pedido|commande|factura?|facture|"
    r"identifiant client|ordine|abonnement|zamówieni[ea]|encomenda|bestelling|p[óo]liza|polizza|ap[óo]lice|matricola|"
    r"matricule|historia cl[íi]nica|expediente|cartella(?: clinica)?|(?:numer |nr )?historii choroby|historia choroby|"
    r"dossier|protocolo(?= ?[:#]? ?\d)|"
    r"prontu[áa]rio|processo(?: cl[íi]nico)?|fascicolo|polis[aęy]?|emplead[oa]|dipendente|medewerker|"
    r"pracowni[kc]\w{0,2}|"
    r"funcion[áa]ri[oa]|mitarbeiter(?:in)?|salariée?|tessera sanitaria|"
    r"(?:student|staff|claim|subscriber|badge|payroll|enrol?l?ment|case file|acct|account)[ _.-]{0,2}(?=id|no|num|#|:))"
    r"[ _.-]{0,2}(?:id|no\.?|num(?:ber|mer)|nr\.?|n[úu]mero|code|mrn|ref)?|"
    r"(?:n[úu]mero|num|n[º°o]\.?|c[óo]digo|refer[êe]ncia|ref\.|numéro|code|référence|réf\.|codice|riferimento)"
    r"(?: (?:de|del|da|do|di|du|de la|della)|,? d['’])? ?(?:client[ea]?|afiliad[oa]|associad[oa]|cuenta|conta|"
    r"compte|conto|mutuelle|soci[oa]|s[óo]ci[oa]|adh[ée]rent|abonn[ée]|"
    r"p[óo]liza|polizza|ap[óo]lice|contrat[oe]?|contratto|pedido|encomenda|commande|ordine|expediente|dossier|pratica|"
    r"processo|alumn[oa]|alun[oa]|emplead[oa]|dipendente|historia cl[íi]nica|paciente|patient|paziente|assuré|"
    r"processo(?: cl[íi]nico)?)|"
    r"номер\w* (?:клиента|договора|дела|обращения|заявки|заявления|пациента|полиса|заказа|брони|студенческого)|"
    r"табельн\w+ номер\w*|заказ\w*(?= ?(?:№|#|номер))|sicil no\.?|aktenzeichen|geschäftszeichen|"
    r"(?:my|your|our|the) ref(?:erence)?|ref(?:erence)? (?:no\.?|number|code|id)|unser zeichen|ihr zeichen|"
    r"полис\w* омс|cart[ãa]o sus|"
    r"matr[ií]cula (?:de|del) (?:estudiante|alumno|alumna|empleado|funcion[áa]rio)|"
    r"(?!(?:telefon|model|parça|ürün|seri|sayfa|sürüm|port|oda|kat|hat|otobüs|satır|atom|sıra|bölüm|hata|kapı|bina|"
    r"sokak|ev|forma|faks|cep|plaka|hesap|kimlik|vergi|pasaport|takip)\w* )\w{3,12} numara(?:m|n|sı|mız|nız|ları)|"
    r"(?:numer|nr|kod) (?:klienta|polisy|zam[óo]wienia|umowy|pracownika|pacjenta|legitymacji|indeksu|sprawy|faktury)"
)
"""Numbers of customers, patients, students, employees, policies, contracts and orders."""
COMPOUND_NUMBER: Final = (
    r"(?!(?:artikel|modell?|typ|teile|version|seri|seite|pagina|haus|huis|zimmer|kamer|kapitel|port|zeile|regel|"
    r"atom|ordnung|kern|katalog|bauteil|material|produ[ck]t|chargen|build|gleis|linie|raum|stück|loco|spoor|hex|farb)"
    r"\w*)[a-zäöüßëéèï]{3,24}(?:nummer|nr\.?)"
)
"""German and Dutch words that end in `number`, but those of things."""
BOOKING_WORDS: Final = (
    r"pnr|record locator|(?:booking|reservation|confirmation)[ _-](?:ref(?:erence)?|code|number|no\.?)|"
    r"buchungs(?:nummer|code)|reserverings(?:nummer|code)|localizador(?: de (?:la )?reserva)?|"
    r"cod(?:ice|\.) (?:di )?prenotazione|(?:référence|code|numéro) de (?:réservation|dossier)|"
    r"c[óo]digo d[ae] reserva|(?:numer|kod) rezerwacji"
)
BOOKING_CODE: Final = (
    r"(?-i:(?!NUMBER|STATUS|SYSTEM|PLEASE|CANCEL|CONFIRM|ONLINE|FORMAT|STRING|RETURN|FLIGHT|TICKET)[A-Z0-9]{6})"
)
"""Six capitals and digits, also without a digit; no word in capitals."""
SPOKEN_PHONE_WORDS: Final = (
    r"(?:tele|smart)?phone|phoen|tel|mobile|cell|voice ?mail|leave (?:\w{2,4} )?a message|"
    r"(?:call|ring|text|message|contact|reach)(?:ing)? "
    r"(?:me|us|him|her|them|back)|(?:can|could|please|to|just) (?:call|ring|text|dial|contact)|missed call|"
    r"call[ _-]?back\w*|give \w+ a (?:bell|ring|call)|caller['’]s|"
    r"whatsapp|zap|fax(?:nummer)?|fone?|telefon\w*|handy\w*|"
    r"mobil(?:nummer|telefon)?|landline|hotline|rufnummer|anruf\w*|erreichbar|erreich\w+|ruf\w*|zurückrufen|"
    r"r(?:ü|ue)ckruf\w*|durchwahl|"
    r"téléphone|tél|t[ée]l[ée]phone|"
    r"portable|port\.|appel\w*|rappel\w*|joindre|contacter|tel[ée]fono|m[oó]v(?:il)?|fijo|celular|ll[aá]m\w+|"
    r"contactar\w*|tfno|tlf|"
    r"centralita|contestador|apunta\w*|contacto|recepci[oó]n|av[ií]s[aeo]\w*|localiz\w+|pregunt\w+|wa\.me|prueb\w+ en|"
    r"telefone|telem[óo]vel|contato|lig[au](?:r|e|-me)?|chamar?|me liga|cellulare|recapito|chiam\w+|richiam\w+|"
    r"trov\w+ al|raggiung\w+|contatta\w+|bel (?:me|ons|mij)|(?:app|bereik\w*|stuur|sms) (?:me|ons|mij|via|op)|"
    r"bereikbaar|mobiel|gsm|natel|telefoonnummer|telefoon|"
    r"(?:za)?dzwo[nń]\w*|komórk\w*|tel\. kom|numer_telefonu|ring (?:mig|meg|på)|mobilnummer|позвони\w*|звони\w*|"
    r"телефон\w*|"
    r"(?:my|his|her|our|your|their|mein|meine|seine|ihre|unsere|neue|mon|son|notre|votre|mi|su|nuestro|meu|mio|mijn|"
    r"mn|mój|moj|mera)"
    r"(?: \w{2,15}){0,2} (?:number|no\.?|nummer|nr\.?|num[ée]ro|num|n[úu]mero|numer|06)|"
    r"(?:office|home|work|desk|contact) n(?:umber|o\.)|"
    r"(?:büro|praxis|privat)nummer|num[ée]ro d(?:u|e la|e l['’])(?: ?)(?:bureau|domicile|maison|travail|agence)|"
    r"n[úu]mero d(?:e la|el|e) (?:oficina|casa|trabajo|despacho|contacto)|numero[ _]contacto"
)
"""Words before a telephone number, with up to five others between them."""
CUSTOMER_WORDS_CJK: Final = (
    "(?:工单|案件|受理|流水|参考|客户|顾客|会员|會員|保单|保单编|保险单|订单|運單|运单|合同|学|學|员工|工|病历|病案|"
    "医保卡|社保卡|就诊卡|住院|预订|预约|"
    "准考证|发票|"
    "お客様|顧客|会員|社員|従業員|学籍|登録|カルテ|注文|ご注文|予約|契約|証券|診察券|受付|患者|伝票)(?:编号|編號|单号|"
    "號碼|号码|号|番号|No\\.?|ID)|"
    "접수 ?번호|사번|학번|"
    "(?:회원|주문|고객|사원|직원|학생|학번|예약|계약|환자) ?(?:번호|ID)|我的订单|订单"
)
