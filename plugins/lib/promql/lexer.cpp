#include "plugins/lib/promql/lexer.hpp"

#include <algorithm>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_alpha(c) || is_digit(c); }

/// The character at `at` in single quotes, as %q prints a rune.
std::string rune(std::string_view query, size_t at) {
  size_t size = 1;
  while (at + size < query.size() && (static_cast<unsigned char>(query[at + size]) & 0xc0U) == 0x80U) ++size;
  std::string text = quote(query.substr(at, size));
  text.front() = text.back() = '\'';
  return text == "'\\\"'" ? "'\"'" : text == "'''" ? "'\\''" : text;
}

}  // namespace

std::string Lexer::next_rune() const { return at_ + 1 < query_.size() ? rune(query_, at_ + 1) : std::string("end of input"); }

bool Lexer::emit(Token token, size_t size) {
  items_.push_back({token, {static_cast<uint32_t>(at_), static_cast<uint32_t>(at_ + size)}, query_.substr(at_, size)});
  at_ += size;
  return true;
}

bool Lexer::fail(std::string what) {
  error_ = std::move(what);
  const auto start = static_cast<uint32_t>(std::min(at_, query_.size()));
  items_.push_back({Token::kError, {start, static_cast<uint32_t>(query_.size())}, error_});
  return false;
}

std::vector<Item> Lexer::items() {
  while (in_braces_ ? lex_in_braces() : lex_statement()) {
  }
  return std::move(items_);
}

bool Lexer::lex_statement() {
  while (is_space(peek()) && at_ < query_.size()) ++at_;
  if (at_ >= query_.size()) {
    if (parens_ != 0) return fail("unclosed left parenthesis");
    if (in_brackets_) return fail("unclosed left bracket");
    emit(Token::kEnd, 0);
    return false;
  }
  const char c = peek();
  if (c == '#') {
    at_ = std::min(query_.find('\n', at_), query_.size());
    return true;
  }
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return lex_number();
  if (c == '"' || c == '\'' || c == '`') return lex_string();
  if (is_alpha(c) || (c == ':' && !in_brackets_)) {
    lex_word();
    return true;
  }
  return lex_sign(c);
}

bool Lexer::lex_sign(char c) {
  switch (c) {
    case ',':
      return emit(Token::kComma, 1);
    case '+':
      return emit(Token::kAdd, 1);
    case '-':
      return emit(Token::kSub, 1);
    case '*':
      return emit(Token::kMul, 1);
    case '/':
      return emit(Token::kDiv, 1);
    case '%':
      return emit(Token::kMod, 1);
    case '^':
      return emit(Token::kPow, 1);
    case '@':
      return emit(Token::kAt, 1);
    case '=':
      if (peek(1) == '=') return emit(Token::kEqual, 2);
      if (peek(1) == '~') return fail("unexpected character after '=': '~'");
      return emit(Token::kAssign, 1);
    case '!':
      if (peek(1) == '=') return emit(Token::kNotEqual, 2);
      return fail("unexpected character after '!': " + next_rune());
    case '<':
      return peek(1) == '=' ? emit(Token::kLessEqual, 2) : peek(1) == '/' ? emit(Token::kTrimUpper, 2) : emit(Token::kLess, 1);
    case '>':
      return peek(1) == '='   ? emit(Token::kGreaterEqual, 2)
             : peek(1) == '/' ? emit(Token::kTrimLower, 2)
                              : emit(Token::kGreater, 1);
    case '(':
      return ++parens_, emit(Token::kLeftParen, 1);
    case '{':
      return in_braces_ = true, emit(Token::kLeftBrace, 1);
    case '[':
      if (in_brackets_) return fail("unexpected left bracket '['");
      colon_seen_ = false;
      in_brackets_ = true;
      return emit(Token::kLeftBracket, 1);
    case ':':
      if (colon_seen_) return fail("unexpected colon ':'");
      colon_seen_ = true;
      return emit(Token::kColon, 1);
    default:
      return close(c);
  }
}

bool Lexer::close(char c) {
  switch (c) {
    case ')':
      if (parens_ == 0) return ++at_, fail("unexpected right parenthesis ')'");  // told behind it
      return --parens_, emit(Token::kRightParen, 1);
    case ']':
      if (!in_brackets_) return fail("unexpected right bracket ']'");
      in_brackets_ = false;
      return emit(Token::kRightBracket, 1);
    default:
      return fail("unexpected character: " + rune(query_, at_));
  }
}

bool Lexer::lex_in_braces() {
  while (at_ < query_.size() && is_space(peek())) ++at_;
  if (at_ >= query_.size()) return fail("unexpected end of input inside braces");
  const char c = peek();
  if (is_alpha(c)) {
    size_t size = 1;
    while (is_word(peek(size))) ++size;
    return emit(Token::kIdentifier, size);
  }
  switch (c) {
    case '#':
      return at_ = std::min(query_.find('\n', at_), query_.size()), true;
    case ',':
      return emit(Token::kComma, 1);
    case '"':
    case '\'':
    case '`':
      return lex_string();
    case '=':
      return peek(1) == '~' ? emit(Token::kMatchRegex, 2) : emit(Token::kAssign, 1);
    case '!':
      if (peek(1) == '~') return emit(Token::kMatchNotRegex, 2);
      if (peek(1) == '=') return emit(Token::kNotEqual, 2);
      return fail("unexpected character after '!' inside braces: " + next_rune());
    case '{':
      return fail("unexpected left brace '{'");
    case '}':
      return in_braces_ = false, emit(Token::kRightBrace, 1);
    default:
      return fail("unexpected character inside braces: " + rune(query_, at_));
  }
}

bool Lexer::lex_string() {
  const char mark = peek();
  size_t size = 1;
  while (true) {
    if (at_ + size >= query_.size()) return fail(mark == '`' ? "unterminated raw string" : "unterminated quoted string");
    const char c = peek(size);
    if (c == mark) break;
    if (mark != '`' && c == '\n') return fail("unterminated quoted string");
    size += mark != '`' && c == '\\' ? 2 : 1;
  }
  const std::string_view literal = query_.substr(at_, size + 1);
  if (!is_utf8(literal)) return fail("invalid UTF-8 rune");
  if (!unquote(literal)) return fail(escape_fault(literal));
  return emit(Token::kString, size + 1);
}

bool Lexer::lex_number() {
  size_t size = 0;
  const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
  const auto is_number_char = [&](char c) {
    return is_digit(c) || c == '_' || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
  };
  if (hex) size = 2;
  while (is_number_char(peek(size))) ++size;
  bool number_only = hex;
  if (peek(size) == '.' && !hex) {
    number_only = true;
    ++size;
    while (is_number_char(peek(size))) ++size;
  }
  if (!hex && (peek(size) == 'e' || peek(size) == 'E')) {
    const size_t sign = peek(size + 1) == '+' || peek(size + 1) == '-' ? 1 : 0;
    if (is_digit(peek(size + 1 + sign))) {
      number_only = true;
      size += 1 + sign;
      while (is_number_char(peek(size))) ++size;
    }
  }
  if (!is_word(peek(size))) {
    const std::string_view literal = query_.substr(at_, size);
    bool out_of_range = false;
    if (read_number(literal, &out_of_range)) return emit(Token::kNumber, size);
    if (underscores_fit(literal))
      return fail("error parsing number: strconv.ParseFloat: parsing " + quote(excerpt(literal)) +
                  (out_of_range ? ": value out of range" : ": invalid syntax"));
  } else if (!number_only) {
    while (is_word(peek(size))) ++size;
    bool out_of_range = false;
    if (read_duration(query_.substr(at_, size), &out_of_range)) return emit(Token::kDuration, size);
    if (out_of_range) return fail("duration out of range");
  }
  while (is_word(peek(size))) ++size;
  return fail("bad number or duration syntax: " + quote(excerpt(query_.substr(at_, size))));
}

void Lexer::lex_word() {
  size_t size = 0;
  bool colon = false;
  for (; is_word(peek(size)) || (!in_brackets_ && peek(size) == ':'); ++size) colon = colon || peek(size) == ':';
  const std::string_view word = query_.substr(at_, size);
  if (const Token known = keyword(word); known != Token::kIdentifier && !colon) {
    emit(known, size);
    return;
  }
  const auto same = [&](std::string_view text) {
    return std::equal(word.begin(), word.end(), text.begin(), text.end(), [](char a, char b) { return (a | 0x20) == b; });
  };
  emit(same("inf") || same("nan") ? Token::kNumber : colon ? Token::kMetricIdentifier : Token::kIdentifier, size);
}

}  // namespace tarsier::promql
