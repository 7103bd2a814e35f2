"""An error of a database shows no spelling of a password."""

from urllib.parse import quote, quote_plus

from horarium.executors.sql.failures import hidden_texts, sentence

PASSWORD = "open sesame/&+é"
URL = f"postgresql://app:{quote(PASSWORD)}@db.example.com/crm"


def test_however_a_driver_spells_a_password_it_is_not_shown():
    hidden = hidden_texts(PASSWORD, URL)
    for spelling in (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), quote_plus(PASSWORD), URL):
        said = sentence(OSError(f"cannot connect with {spelling} now"), hidden)
        assert said == "the database could not be reached: cannot connect with *** now"
