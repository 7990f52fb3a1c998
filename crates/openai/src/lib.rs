//! OpenAI request, response, stream and error shapes.
