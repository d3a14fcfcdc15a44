#include "plugins/lib/template/lexer.hpp"

#include <cctype>

namespace tarsier::tmpl {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool starts_word(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}
bool in_word(char c) { return starts_word(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

void append_utf8(std::string& out, uint32_t rune) {
  if (rune < 0x80) {
    out.push_back(static_cast<char>(rune));
  } else if (rune < 0x800) {
    out.push_back(static_cast<char>(0xc0U | (rune >> 6U)));
    out.push_back(static_cast<char>(0x80U | (rune & 0x3fU)));
  } else if (rune < 0x10000) {
    out.push_back(static_cast<char>(0xe0U | (rune >> 12U)));
    out.push_back(static_cast<char>(0x80U | ((rune >> 6U) & 0x3fU)));
    out.push_back(static_cast<char>(0x80U | (rune & 0x3fU)));
  } else {
    out.push_back(static_cast<char>(0xf0U | (rune >> 18U)));
    out.push_back(static_cast<char>(0x80U | ((rune >> 12U) & 0x3fU)));
    out.push_back(static_cast<char>(0x80U | ((rune >> 6U) & 0x3fU)));
    out.push_back(static_cast<char>(0x80U | (rune & 0x3fU)));
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    while (at_ < text_.size()) {
      const size_t open = text_.find("{{", at_);
      std::string_view plain = text_.substr(at_, open == std::string_view::npos ? open : open - at_);
      if (trim_next_) plain.remove_prefix(std::min(plain.find_first_not_of(kSpace), plain.size()));
      const bool trims = open != std::string_view::npos && open + 3 < text_.size() && text_[open + 2] == '-' &&
                         kSpace.find(text_[open + 3]) != std::string_view::npos;
      if (trims) {
        const size_t last = plain.find_last_not_of(kSpace);
        plain = plain.substr(0, last == std::string_view::npos ? 0 : last + 1);
      }
      if (!plain.empty()) add(TokenKind::text, std::string(plain));
      trim_next_ = false;
      if (open == std::string_view::npos) break;
      advance(open - at_);
      if (auto done = action(trims); !done) return std::move(done).error();
    }
    add(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void advance(size_t count) {
    for (size_t i = 0; i < count && at_ < text_.size(); ++i, ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
        column_ = 1;
      } else {
        ++column_;
      }
    }
  }
  void add(TokenKind kind, std::string text) { tokens_.push_back({kind, space_, line_, column_, std::move(text)}); }
  Error error(const std::string& what) const {
    return Error::invalid(std::to_string(line_) + ":" + std::to_string(column_) + ": " + what);
  }

  /// The close of an action at the current place: 0 if none, else its length.
  size_t closes() {
    if (text_.substr(at_, 2) == "}}") return 2;
    if (peek() == '-' && text_.substr(at_ + 1, 2) == "}}" && at_ > 0 && kSpace.find(text_[at_ - 1]) != std::string_view::npos) {
      trim_next_ = true;
      return 3;
    }
    return 0;
  }

  Result<void> action(bool trims) {
    add(TokenKind::open, "{{");
    advance(trims ? 3 : 2);
    skip_space();
    if (text_.substr(at_, 2) == "/*") return comment();
    while (true) {
      skip_space();
      if (at_ >= text_.size()) return error("unclosed action");
      if (const size_t size = closes(); size > 0) {
        add(TokenKind::close, "}}");
        advance(size);
        return {};
      }
      if (auto done = token(); !done) return done;
      space_ = false;
    }
  }

  Result<void> comment() {
    const size_t end = text_.find("*/", at_);
    if (end == std::string_view::npos) return error("unclosed comment");
    advance(end + 2 - at_);
    skip_space();
    const size_t size = closes();
    if (size == 0) return error("a comment must be alone in its action");
    advance(size);
    tokens_.pop_back();  // nothing is left of the action
    return {};
  }

  void skip_space() {
    while (at_ < text_.size() && kSpace.find(peek()) != std::string_view::npos) {
      advance(1);
      space_ = true;
    }
  }

  std::string word(size_t from) {
    size_t end = at_ + from;
    while (end < text_.size() && in_word(text_[end])) ++end;
    std::string found(text_.substr(at_ + from, end - at_ - from));
    return found;
  }

  Result<void> token() {
    const char c = peek();
    if (c == '"' || c == '`' || c == '\'') return quoted(c);
    if (c == '.' && starts_word(peek(1))) return take(TokenKind::field, word(1), 1);
    if (c == '.' && std::isdigit(static_cast<unsigned char>(peek(1))) == 0) return take(TokenKind::dot, ".", 0);
    if (c == '$') {
      const std::string name = word(1);
      add(TokenKind::variable, "$" + name);
      advance(1 + name.size());
      return {};
    }
    if (starts_word(c)) return take(TokenKind::identifier, word(0), 0);
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 ||
        ((c == '-' || c == '+' || c == '.') && std::isdigit(static_cast<unsigned char>(peek(1))) != 0))
      return number();
    if (text_.substr(at_, 2) == ":=") return take(TokenKind::declare, ":=", 0);
    switch (c) {
      case '|':
        return take(TokenKind::pipe, "|", 0);
      case '(':
        return take(TokenKind::left_paren, "(", 0);
      case ')':
        return take(TokenKind::right_paren, ")", 0);
      case '=':
        return take(TokenKind::assign, "=", 0);
      case ',':
        return take(TokenKind::comma, ",", 0);
      default:
        return error(std::string("unexpected '") + c + "' in an action");
    }
  }

  Result<void> take(TokenKind kind, std::string text, size_t before) {
    const size_t size = text.size() + before;
    add(kind, std::move(text));
    advance(size);
    return {};
  }

  Result<void> number() {
    size_t end = at_ + 1;
    while (end < text_.size() && (in_word(text_[end]) || text_[end] == '.' ||
                                  ((text_[end] == '-' || text_[end] == '+') && (text_[end - 1] == 'e' || text_[end - 1] == 'E'))))
      ++end;
    return take(TokenKind::number, std::string(text_.substr(at_, end - at_)), 0);
  }

  Result<void> quoted(char quote) {
    std::string value;
    size_t i = at_ + 1;
    for (; i < text_.size() && text_[i] != quote; ++i) {
      if (quote == '`' || text_[i] != '\\') {
        if (quote != '`' && text_[i] == '\n') return error("a string ends at the line's end; use ` for several lines");
        value.push_back(text_[i]);
        continue;
      }
      if (auto done = escape(i, value); !done) return done;
    }
    if (i >= text_.size()) return error("unclosed string");
    if (quote == '\'') {
      if (value.size() != 1) return error("a character constant holds one ASCII character");
      add(TokenKind::character, std::to_string(static_cast<int>(value[0])));
    } else {
      add(TokenKind::string, std::move(value));
    }
    advance(i + 1 - at_);
    return {};
  }

  /// One escape sequence at `i` (the backslash); leaves `i` on its last character.
  Result<void> escape(size_t& i, std::string& out) {
    const char c = i + 1 < text_.size() ? text_[++i] : '\0';
    static constexpr std::string_view kFrom = "abfnrtv\\'\"";
    static constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\'\"";
    if (const size_t simple = kFrom.find(c); c != '\0' && simple != std::string_view::npos) {
      out.push_back(kTo[simple]);
      return {};
    }
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    uint32_t rune = 0;
    for (size_t n = 0; n < digits; ++n) {
      const char digit = i + 1 < text_.size() ? text_[++i] : '\0';
      if (std::isxdigit(static_cast<unsigned char>(digit)) == 0) return error("malformed escape in a string");
      rune = rune * 16 +
             static_cast<uint32_t>(std::isdigit(static_cast<unsigned char>(digit)) != 0 ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    if (digits == 0 || rune > 0x10ffff) return error("unknown escape in a string");
    if (c == 'x') {
      out.push_back(static_cast<char>(rune));
    } else {
      append_utf8(out, rune);
    }
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  uint32_t column_ = 1;
  bool space_ = false;
  bool trim_next_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view text) { return Lexer(text).run(); }

}  // namespace tarsier::tmpl
