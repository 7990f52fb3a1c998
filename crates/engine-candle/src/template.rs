//! Chat templates: a conversation to the text a model was trained on.

use minijinja::{Environment, Error, ErrorKind, context};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::Serialize;

/// Steps a template may take for one conversation.
pub const MAX_STEPS: u64 = 4_000_000;
/// The name under which the template is kept.
const NAME: &str = "chat";

/// A model's chat template, as Hugging Face writes them in Jinja.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    beginning: String,
    end: String,
}

/// A message as templates read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateMessage {
    /// Who speaks.
    pub role: &'static str,
    /// What is said.
    pub content: String,
}

/// A template cannot be parsed, or refuses a conversation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The template cannot be parsed, or does something it cannot.
    #[error("the chat template does not work: {0}")]
    Broken(#[source] Error),
    /// The template itself refused the conversation, in these words.
    #[error("{0}")]
    Refused(String),
}

impl ChatTemplate {
    /// Parses a template; `beginning` and `end` are the texts of the tokens that begin and end a sequence.
    ///
    /// # Errors
    /// [`TemplateError::Broken`].
    pub fn new(source: &str, beginning: &str, end: &str) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_fuel(Some(MAX_STEPS));
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_function(
            "raise_exception",
            |message: String| -> Result<String, Error> {
                Err(Error::new(ErrorKind::InvalidOperation, "refused")
                    .with_source(Refusal(message)))
            },
        );
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(TemplateError::Broken)?;
        Ok(Self {
            environment,
            beginning: beginning.to_owned(),
            end: end.to_owned(),
        })
    }

    /// Writes a conversation, ending where the assistant is to speak.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn render(&self, messages: &[TemplateMessage]) -> Result<String, TemplateError> {
        let template = self
            .environment
            .get_template(NAME)
            .map_err(TemplateError::Broken)?;
        let context = context! {
            messages,
            add_generation_prompt => true,
            bos_token => self.beginning,
            eos_token => self.end,
        };
        template.render(context).map_err(|error| {
            let refusal = std::error::Error::source(&error)
                .and_then(|source| source.downcast_ref::<Refusal>());
            match refusal {
                Some(Refusal(message)) => TemplateError::Refused(message.clone()),
                None => TemplateError::Broken(error),
            }
        })
    }
}

/// What a template said when it refused a conversation.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

#[cfg(test)]
mod tests {
    use super::{ChatTemplate, TemplateError, TemplateMessage};

    fn render(source: &str, messages: &[(&'static str, &str)]) -> Result<String, TemplateError> {
        let messages: Vec<TemplateMessage> = messages
            .iter()
            .map(|&(role, content)| TemplateMessage {
                role,
                content: content.to_owned(),
            })
            .collect();
        ChatTemplate::new(source, "<s>", "</s>")?.render(&messages)
    }

    #[test]
    fn blocks_are_trimmed_and_python_methods_work() {
        let source = "{{ bos_token }}\n{% for message in messages %}\n    {% if message['role'] == 'user' %}\n[{{ message['content'].strip().upper() }}]\n    {% endif %}\n{% endfor %}\n{% if add_generation_prompt %}>{% endif %}";
        assert_eq!(
            render(source, &[("system", "x"), ("user", " hi ")]).unwrap(),
            "<s>\n[HI]\n>"
        );
    }

    #[test]
    fn a_refusal_is_told_in_the_templates_own_words() {
        let source = "{{ raise_exception('roles must alternate') }}";
        match render(source, &[]) {
            Err(TemplateError::Refused(words)) => assert_eq!(words, "roles must alternate"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_template_cannot_do_is_an_error() {
        assert!(matches!(
            ChatTemplate::new("{% for", "", ""),
            Err(TemplateError::Broken(_))
        ));
        assert!(matches!(
            render("{{ strftime_now('%Y') }}", &[]),
            Err(TemplateError::Broken(_))
        ));
        let endless =
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}";
        assert!(matches!(
            render(endless, &[]),
            Err(TemplateError::Broken(_))
        ));
    }
}
