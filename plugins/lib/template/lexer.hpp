// Lexer: template text to tokens. Outside of {{ }} everything is one text token; trim markers are applied here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::tmpl {

enum class TokenKind : uint8_t {
  text,        // outside of actions
  open,        // {{
  close,       // }}
  identifier,  // if, range, humanize
  field,       // .Labels (text without the dot)
  dot,         // .
  variable,    // $x (text with the dollar), $
  string,      // unquoted
  character,   // 'a', as a number
  number,
  pipe,
  left_paren,
  right_paren,
  declare,  // :=
  assign,   // =
  comma,
  end,
};

struct Token {
  TokenKind kind;
  bool space_before;  // a field after a space begins a new operand: `.A .B` is two, `.A.B` one
  uint32_t line;
  uint32_t column;
  std::string text;
};

/// INVALID with line:column when the text is not well formed.
Result<std::vector<Token>> lex(std::string_view text);

}  // namespace tarsier::tmpl
