"""Patterns of users and hosts in paths, prompts and commands."""

from typing import Final

from curate.redact.form import HintParts, Hints

SERVICE_USERS: Final = (
    r"shared|public|user\w*|your\w*|my\w*|some\w*|runner|root|default|ubuntu|debian|centos|fedora|name|git|ec2-user|"
    r"node|docker|app|admin\w*|vagrant|pi|jenkins|deploy|postgres|mysql|www-data|nginx|jovyan|vscode|codespace|opc|"
    r"azureuser|oracle|coder|workspace|hadoop|spark|airflow|linuxbrew|dev|developer|test\w*|guest|foo|bar|me|you|all|"
    r"success\w*|fail\w*|ok|true|false|null|none|error|unknown|anonymous"
)
"""Users of systems and of examples."""
NO_SERVICE: Final = rf"(?!(?i:{SERVICE_USERS})(?![\w.-]))"
FOLDER_USER: Final = r"(?:[\w.'+-]|%20){2,40}(?<!\.)"
HOME_HINT: Final = HintParts(
    "home/|home\\|users/|users\\|settings/|settings\\|benutzer/|benutzer\\|usuarios/|usuarios\\|utilisateurs/|"
    "utilisateurs\\|utenti/|utenti\\"
)
OWNER_HINT: Final = HintParts("'s home|’s home")
POSIX_HOME: Final = (
    r"(?:(?<!\w)(?:file|sftp|ssh|scp|smb|nfs|ftp)://[^/\s]{0,80}|(?<![\w./-])|(?<=-[ILR]))"
    r"(?:\\?/(?:mnt|media|export|var|usr|data|net|nfs|srv|host|Volumes|afs|private|System|storage|backup\w*|tank|pool|"
    r"lustre|gpfs|scratch|cygwin\w*|rootfs|[a-zA-Z])(?:/[\w.-]{1,40}){0,3})?\\?/(?:home|Users)\\?/"
)
"""A home folder, not a page `/home/` of a website or a source folder of that name."""
WINDOWS_HOME: Final = (
    r"(?i:(?:(?<![a-z])[a-z]:|(?<!\w)/mnt/[a-z]|\\{2,4}[\w.$-]{1,40}(?:\\{1,4}[\w.$-]{1,40}){0,2})[\\/]{1,4}"
    r"(?:users|home|documents and settings|benutzer|usuarios|utilisateurs|utenti)[\\/]{1,4})"
)
ANYBODY: Final = (
    r"(?:it|he|she|this|that|who|one|owner|person|people|every\w+|any\w+|no\w+|else|each|other|another|account|system|"
    r"server|host|machine|computer|process|service|team|group|student|employee|customer|client|member|caller|container|"
    r"image|linux|windows|mac|macos|today|apache|sudo|su|login|colleague|friend|child|parent)['’]"
)
"""Words before `'s home folder` that name nobody."""
FILE_MODE: Final = r"(?<!\w)[dl-](?:[r-][w-][xsStT-]){3}[.+@]? +\d{1,5} +"
"""The beginning of a line of `ls -l`."""
FOLDER_HINT: Final = Hints(
    HintParts("folder|direct|ordner|verzeichnis|dossier|répertoire|carpeta|cartella|pasta|diret"),
    HintParts("user|nutzer|usu|util|utente"),
)
FOLDER_OF_USER: Final = (
    r"(?i:(?:folder|directory|ordner|verzeichnis|dossier|répertoire|carpeta|directorio|diretório|cartella|pasta)"
    r"(?: [^\W\d_]{1,12})? (?:of|von|vom|des|de|del|di|do|dell['’])(?: (?:the|dem|el|le|la)| l['’])? ?"
    r"(?:l['’])?(?:user|benutzers?|nutzers?|usu[aá]rio|utilisateur|utente)(?: (?:named|called|namens))? [`\"'„“]?)"
)
USER_END: Final = r"(?=[`\"'“”.,;:!?)\n]|$| (?:on|auf|in|en|sur|su|at|is|ist|est|and|und|y|et|e)\b)"
LOGIN: Final = r"[a-z_][a-z0-9_.-]{1,31}"
HOST: Final = r"[\w-]{2,40}(?:\.[\w-]{1,40}){0,4}"
PROMPT_END: Final = r"(?:[: ]?[~/][^\n]{0,60}?[$#%] |(?: [^\s\]]{1,40})?\][$#] | [~\w./-]{1,40} % )"
REMOTE_COMMAND: Final = r"(?<!\w)(?:ssh|scp|sftp|rsync|mosh|ssh-copy-id)(?: [^\s@]{1,60}){0,6} "
EXAMPLE_HOST: Final = r"(?:localhost|(?:[\w-]+\.)?example(?:\.(?:com|org|net))?)(?![\w.-])"
