//! What was typed into a form and what is wrong with it, so that a refused form comes back as it was.

use std::collections::BTreeMap;

use contract::ApiError;

/// What is wrong, by field. The name of a field is its JSON pointer without the slash: `/email` is `email`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormErrors {
    fields: BTreeMap<String, String>,
    /// What concerns no field that is shown.
    whole: Option<String>,
    request_id: Option<String>,
}

impl FormErrors {
    /// Of an error as the backend gives it.
    pub fn of(error: &ApiError) -> Self {
        let mut this = Self { request_id: error.request_id.clone(), ..Self::default() };
        for wrong in &error.errors {
            let name = wrong.pointer.trim_start_matches('/').to_owned();
            if name.is_empty() {
                this.whole.get_or_insert_with(|| wrong.detail.clone());
            } else {
                this.fields.entry(name).or_insert_with(|| wrong.detail.clone());
            }
        }
        if this.fields.is_empty() && this.whole.is_none() {
            this.whole = Some(error.detail.clone());
        }
        this
    }

    /// What is wrong with this field.
    pub fn at(&self, field: &str) -> Option<String> {
        self.fields.get(field).cloned()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.whole.is_none()
    }

    /// The sentence above the form, and the request it belongs to.
    pub fn summary(&self) -> Option<(String, Option<String>)> {
        let text = match (&self.whole, self.fields.len()) {
            (Some(whole), _) => whole.clone(),
            (None, 0) => return None,
            (None, 1) => "One field cannot be used; nothing was saved.".to_owned(),
            (None, n) => format!("{n} fields cannot be used; nothing was saved."),
        };
        Some((text, self.request_id.clone()))
    }
}

/// A form that was sent: which one, what was typed, what is wrong.
#[derive(Clone, Debug, Default)]
pub struct TypedForm {
    /// Which form of the page.
    pub form: &'static str,
    /// What was typed, by field. Never a password.
    pub values: BTreeMap<String, String>,
    /// What is wrong with it.
    pub errors: FormErrors,
}

impl TypedForm {
    /// What was typed into a field of this form, or else `saved`.
    pub fn value(&self, form: &str, field: &str, saved: &str) -> String {
        let typed = (self.form == form).then(|| self.values.get(field)).flatten();
        typed.cloned().unwrap_or_else(|| saved.to_owned())
    }

    /// What is wrong in this form; nothing for other forms of the page.
    pub fn errors(&self, form: &str) -> FormErrors {
        if self.form == form { self.errors.clone() } else { FormErrors::default() }
    }
}
