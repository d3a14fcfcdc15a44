// Cuts a query into items. Braces and brackets change what words mean, so the lexer knows where it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/promql/token.hpp"

namespace tarsier::promql {

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}
  /// All items, ending in kEnd or in kError (whose text belongs to this lexer).
  std::vector<Item> items();

 private:
  bool lex_statement();
  bool lex_in_braces();
  bool lex_sign(char c);
  bool lex_string();
  bool lex_number();
  void lex_word();
  bool close(char c);

  char peek(size_t ahead = 0) const { return at_ + ahead < query_.size() ? query_[at_ + ahead] : '\0'; }
  bool emit(Token token, size_t size);
  bool fail(std::string what);
  std::string next_rune() const;

  std::string_view query_;
  size_t at_ = 0;
  int parens_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  bool colon_seen_ = false;
  std::string error_;
  std::vector<Item> items_;
};

}  // namespace tarsier::promql
