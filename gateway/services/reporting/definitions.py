"""What each figure of a report counts, in words for whoever reads its files."""

from gateway.catalogue import _

DEFINITIONS = (
    (
        _("Received requests"),
        _(
            "Requests opened in the period. "
            "E-mail that programs sent, e-mail that is held and repeated e-mail do not count."
        ),
    ),
    (
        _("Closed requests"),
        _(
            "Requests closed in the period, "
            "each once, by its last closing there, even if it was reopened later."
        ),
    ),
    (
        _("Resolution"),
        _("From the moment a request was received until that closing."),
    ),
    (
        _("First answer"),
        _(
            "From the moment a request was received until "
            "the first public answer of an operator, of those answered in the period."
        ),
    ),
    (
        _("Reopened"),
        _("Requests that were opened again in the period, each once, counted to who had closed it."),
    ),
    (
        _("Open at the end"),
        _("Requests received by the last day of the period and not closed by then."),
    ),
    (
        _("In working hours"),
        _("The part of a time that lies in the working hours of the company, without its holidays."),
    ),
    (
        _("Topic and company"),
        _(
            "Those a request has today. "
            "Of one operator: received and open are what is assigned to them today; closed, what they closed."
        ),
    ),
)
