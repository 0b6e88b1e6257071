"""What mail servers write when they could not deliver: subjects and sentences, folded as by rules/words.

Spanish, English and Portuguese as Exchange, Microsoft 365, Outlook.com, Gmail, Yahoo, Exim (cPanel),
Postfix (Zimbra), Sendmail, qmail, OpenSMTPD, Courier, Domino, MDaemon, MailEnable, Mimecast and
Barracuda write them; of French, German and Italian what is seen most.
"""

SUBJECTS = (
    # English
    "undeliverable", "undelivered mail", "undelivered message", "mail delivery failed",
    "mail delivery failure", "mail delivery problem", "mail delivery warning", "mail delivery error",
    "mail delivery system", "email delivery failure", "e-mail delivery failure",
    "delivery status notification", "delivery failure", "delivery failed", "delivery delayed",
    "delivery report", "delivery notification", "delivery error", "delivery has failed", "delayed mail",
    "message delayed", "message delivery failure", "message delivery delayed",
    "message delivery has been delayed", "message undeliverable", "message not delivered",
    "message you sent blocked", "message rejected", "returned mail", "returned to sender", "failure notice",
    "failure delivery", "failed mail", "failed delivery", "mail failure", "mail error", "mail system error",
    "mail not delivered", "mail could not be delivered", "mail returned", "non-delivery", "nondeliverable",
    "non delivery", "notice: mail delivery status", "permanent delivery failure", "could not deliver",
    "unable to deliver", "warning: could not send", "warning: message", "warning: e-mail delivery",
    "your message could not be delivered", "your message wasn't delivered",
    "your message couldn't be delivered", "automatically rejected mail", "rejected mail",
    "blocked by our bulk email filter", "user unknown",
    # Spanish
    "no se puede entregar", "no se pudo entregar", "no se ha podido entregar", "no se entrego",
    "no entregable", "no entregado", "correo no entregado", "correo devuelto", "correo rechazado",
    "mensaje no entregado", "mensaje devuelto", "mensaje rechazado", "mensaje no entregable",
    "devolucion de correo", "error de entrega", "error en la entrega", "error al entregar",
    "fallo de entrega", "fallo en la entrega", "fallo la entrega", "falla en la entrega", "entrega fallida",
    "entrega demorada", "entrega retrasada", "retraso en la entrega", "demora en la entrega",
    "imposible entregar", "aviso de no entrega", "informe de no entrega", "informe de entrega",
    "notificacion de estado de entrega", "notificacion del estado de entrega",
    "notificacion de estado de la entrega", "notificacion de entrega", "su mensaje no se pudo entregar",
    "su mensaje no pudo ser entregado", "tu mensaje no se pudo entregar", "no llego a destino",
    "advertencia: no se pudo enviar", "aviso: mensaje demorado",
    # Portuguese
    "nao entregue", "nao e possivel entregar", "nao foi possivel entregar", "mensagem nao entregue",
    "mensagem devolvida", "falha na entrega", "falha no envio", "falha de entrega", "entrega atrasada",
    "notificacao de status de entrega", "notificacao de estado de entrega", "e-mail nao entregue",
    # French, German, Italian
    "non remis", "non distribuable", "message non distribue", "echec de la remise", "echec de remise",
    "notification d'etat de remise", "notification d'etat de la distribution", "unzustellbar",
    "zustellung fehlgeschlagen", "nicht zustellbar", "benachrichtigung zum ubermittlungsstatus",
    "recapito non riuscito", "impossibile recapitare", "non recapitabile", "mancata consegna",
)  # fmt: skip
"""What a subject begins with, behind list tags and stars. No `Re:` or `RV:` stands before it."""

SENTENCES = (
    # English
    "this is the mail system at host", "this message was created automatically by mail delivery software",
    "this is the qmail-send program", "this is the mail delivery agent at", "this is the postfix program",
    "mail system at host", "mail delivery system", "delivery has failed to these recipients",
    "delivery failed", "delivery to the following", "delivery incomplete",
    "delivery of email to this address", "did not reach the following", "did not reach some or all",
    "address not found", "message not delivered", "message blocked", "message was undeliverable",
    "message was not delivered", "message could not be delivered", "could not be delivered",
    "couldn't be delivered", "wasn't delivered to", "was not delivered to", "can't be delivered",
    "cannot be delivered", "not be delivered", "hasn't been delivered", "has not been delivered",
    "could not deliver", "was unable to deliver", "wasn't able to deliver", "unable to deliver",
    "unable to send", "had permanent fatal errors", "had transient non-fatal errors",
    "had permanent delivery errors", "had temporary delivery errors", "address(es) failed",
    "addresses failed", "failed recipient", "failed to deliver", "the original message was received at",
    "recipient address rejected", "returned mail", "message is being returned",
    "automatically generated delivery status notification", "this report relates to a message you sent",
    "this is a delivery status", "delivery status notification", "this is a warning message only",
    "warning message only", "was automatically rejected", "rejected your message", "was rejected",
    "no such user", "user unknown", "unknown user", "was refused", "delivery problem", "delivery error",
    "delivery attempts", "has been postponed", "has been delayed", "undeliverable", "undelivered",
    "unreachable for", "mailbox is full", "mailbox full", "over quota", "not listed in", "does not exist",
    "deliver your message", "deliver the following message", "deliver a message", "deliver message to",
    # Spanish
    "no se pudo entregar", "no se puede entregar", "no se ha podido entregar", "no pudo ser entregado",
    "no ha podido ser entregado", "no pudo entregarse", "no se entrego", "no se ha entregado",
    "no fue entregado", "no ha sido entregado", "no fue posible entregar", "no ha sido posible entregar",
    "imposible entregar", "no pudimos entregar", "no hemos podido entregar", "no pude entregar",
    "no he podido entregar", "error de entrega", "error en la entrega", "error al entregar",
    "fallo la entrega", "ha fallado la entrega", "fallo en la entrega", "entrega fallida",
    "entrega incompleta", "direccion no encontrada", "no se encontro la direccion",
    "no se ha encontrado la direccion", "mensaje no entregado", "mensaje bloqueado",
    "este mensaje fue creado automaticamente por el", "este mensaje ha sido creado automaticamente por el",
    "este mensaje se ha creado automaticamente", "generado automaticamente por el programa de entrega",
    "este es el sistema de correo", "notificacion del estado de entrega",
    "notificacion de estado de entrega", "no llego a", "no alcanzo a", "los siguientes destinatarios",
    "los destinatarios siguientes", "las siguientes direcciones", "fue rechazado", "ha sido rechazado",
    "rechazo su mensaje", "rechazo el mensaje", "se ha retrasado la entrega", "la entrega se retraso",
    "entrega demorada", "entrega se ha retrasado", "todavia no se pudo entregar",
    "aun no se ha podido entregar", "usuario desconocido", "usuario inexistente", "casilla llena",
    "buzon lleno", "buzon de correo lleno", "no figura en", "no se encuentra en el directorio",
    "ha devuelto",
    # Portuguese
    "nao foi possivel entregar", "nao foi entregue", "nao pode ser entregue", "nao pude entregar",
    "falha na entrega", "endereco nao encontrado", "mensagem nao entregue", "mensagem bloqueada",
    "entrega atrasada", "foi rejeitada", "caixa de correio cheia", "nao existe",
    # French, German, Italian
    "n'a pas pu etre", "n'a pas ete remis", "echec de la remise", "konnte nicht zugestellt werden",
    "konnte nicht ubermittelt", "nicht zugestellt", "non e stato possibile recapitare",
    "impossibile recapitare", "non e stato recapitato",
)  # fmt: skip
"""What a line near the top of a report holds."""

RETURNED = (
    "below this line is a copy of the message", "this is a copy of", "original message headers",
    "original message follows", "original message -", "message header", "headers follow", "message follows",
    "returned mail", "returned message", "the header and top", "original message:", "undelivered message",
    "copy of the message", "returned header", "unsent message below", "original message header",
    "encabezados del mensaje original", "encabezados de mensaje original",
    "encabezados originales del mensaje", "encabezados de los mensajes originales", "copia del mensaje",
    "mensaje original", "mensaje devuelto", "cabecalhos originais da mensagem", "mensagem original",
    "copia da mensagem", "en-tetes de message d'origine",
)  # fmt: skip
"""What a line holds behind which the mail itself, or its headers, comes back."""

TECHNICAL = (
    "final-recipient:", "original-recipient:", "diagnostic-code:", "reporting-mta:", "remote-mta:",
    "action: failed", "remote host said", "remote server", "generating server", "servidor generador",
    "servidor de origem", "servidor remoto", "diagnostic information for admin",
    "informacion de diagnostico para", "smtp error", "failed recipient", "reason:", "motivo:",
    "did not reach the following", "recipient:", "technical details", "detalles tecnicos", "smtp;",
    "transcript of session follows",
)  # fmt: skip
"""What only programs write into a report: fields, replies of servers."""

DELAYS = (
    "delayed", "has been postponed", "will be retried", "will retry", "still being retried", "will continue",
    "no action is required", "warning message only", "not need to resend", "do not resend",
    "not yet been delivered", "had transient non-fatal", "had temporary delivery errors",
    "delivery incomplete", "gmail will retry", "warning: could not send", "attempts will continue",
    "se seguira intentando", "seguira intentando", "volvera a intentar", "se reintentara",
    "seguiremos intentando", "continuara intentando", "seguiran haciendo intentos", "entrega demorada",
    "entrega retrasada", "se ha retrasado", "se retraso", "esta demorad", "entrega incompleta",
    "no es necesario que reenvie", "no hace falta que lo reenvie", "no tiene que reenviar",
    "entrega atrasada", "continuaremos tentando", "continuara tentando", "wird weiter versucht",
)  # fmt: skip
"""What says that it is not over yet."""

GIVEN_UP = (
    "permanent error", "permanent fatal", "permanent failure", "given up", "giving up", "gave up",
    "failed permanently", "error permanente", "falla permanente", "fallo permanente", "erro permanente",
    "no se volvera a intentar", "was blocked", "no intentara", "will not be retried", "will not try",
    "will not attempt", "has failed", "expired", "ha vencido", "expiro", "ha fallado",
)  # fmt: skip
"""What says that it is."""
