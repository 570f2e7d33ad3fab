//! Which passwords are taken: long enough, not one that everybody tries first, and not the address again. No rules about
//! kinds of characters: they make passwords worse (NIST SP 800-63B, 3.1.1.2). Provisioned passwords are the file's matter.

use zxcvbn::{Score, zxcvbn};

use super::password::bounds;
use crate::Error;

/// Shortest password, characters.
pub const PASSWORD_MIN_CHARS: usize = 10;
/// Parts of an address shorter than this may stand in a password by chance.
const TELLING_CHARS: usize = 4;

/// Refuses a password at this field and says why. `email` is the account's sign-in name, may be empty.
pub fn check(field: &str, password: &str, email: &str) -> Result<(), Error> {
    bounds(password).map_err(|error| Error::invalid(field, format!("Choose another: {error}.")))?;
    let chars = password.chars().count();
    if chars < PASSWORD_MIN_CHARS {
        let why = format!("This has {chars} characters; choose at least {PASSWORD_MIN_CHARS}. Several words are fine.");
        return Err(Error::invalid(field, why));
    }
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local).to_lowercase();
    if local.chars().count() >= TELLING_CHARS && password.to_lowercase().contains(&local) {
        return Err(Error::invalid(field, "This contains your e-mail address. Choose something nobody would guess."));
    }
    // The estimate knows the tens of thousands of most common passwords and names, their usual spellings, and rows of
    // keys; below this score a password is found within a million tries. Case makes no difference to what is common.
    let guess = |password: &str| zxcvbn(password, &[&local, "obstack"]).score() < Score::Two;
    if guess(password) || guess(&password.to_lowercase()) {
        let why =
            "This is one of the passwords that are tried first. Choose another, for example several unrelated words.";
        return Err(Error::invalid(field, why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_refused_in_any_spelling() {
        for common in [
            "password123",
            "PassWord123",
            "P@ssw0rd123",
            "qwertyuiop",
            "1234567890",
            "iloveyou12",
            "letmein123",
            "aaaaaaaaaaaa",
            "0987654321",
            "abcdefghij",
        ] {
            let refused = check("/password", common, "").expect_err(common);
            assert!(refused.to_string().contains("tried first"), "{common}: {refused}");
        }
    }

    #[test]
    fn words_of_ones_own_are_fine() {
        for good in ["correct horse battery staple", "tinsel-otter-quarry", "ein Haus am Märchensee", "x9$kQ2!vLmTz"] {
            assert!(check("/password", good, "ana@acme.test").is_ok(), "{good}");
        }
    }

    #[test]
    fn length_and_address_are_looked_at_first() {
        let why = |password: &str, email: &str| check("/password", password, email).expect_err(password).to_string();
        assert!(why("tin-otter", "").contains("9 characters"), "counted in characters");
        assert!(why("xx-Annabel-xx-quarry", "annabel@acme.test").contains("e-mail address"));
        assert!(check("/password", "analogous-quarry-otter", "ana@acme.test").is_ok(), "three letters tell nothing");
        assert!(check("/password", &"q7".repeat(513), "").is_err(), "too long");
    }

    #[test]
    fn the_longest_password_takes_no_time_to_speak_of() {
        let long = "correct horse battery staple ".repeat(35);
        assert!(check("/password", &long, "").is_ok());
    }
}
