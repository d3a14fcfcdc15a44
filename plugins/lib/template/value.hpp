// Value: what a template computes with: nothing, a boolean, a number, text, a list, or a map.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tarsier::tmpl {

class Value {
 public:
  using List = std::vector<Value>;
  using Map = std::map<std::string, Value, std::less<>>;

  Value() = default;
  Value(bool value) : state_(value) {}                      // NOLINT(google-explicit-constructor)
  Value(int64_t value) : state_(value) {}                   // NOLINT(google-explicit-constructor)
  Value(double value) : state_(value) {}                    // NOLINT(google-explicit-constructor)
  Value(std::string value) : state_(std::move(value)) {}    // NOLINT(google-explicit-constructor)
  Value(const char* value) : state_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  static Value list(List items) { return Value(State(std::make_shared<const List>(std::move(items)))); }
  static Value map(Map items) { return Value(State(std::make_shared<const Map>(std::move(items)))); }

  bool is_nil() const noexcept { return std::holds_alternative<std::monostate>(state_); }
  const bool* boolean() const noexcept { return std::get_if<bool>(&state_); }
  const int64_t* integer() const noexcept { return std::get_if<int64_t>(&state_); }
  const double* real() const noexcept { return std::get_if<double>(&state_); }
  const std::string* string() const noexcept { return std::get_if<std::string>(&state_); }
  const List* list() const noexcept;
  const Map* map() const noexcept;

  /// Go's truth: not false, not zero, not empty.
  bool truthy() const noexcept;
  /// A number, also from a number's text; false when it is neither.
  bool to_number(double& out) const noexcept;
  /// As Go's fmt prints it with %v.
  std::string print() const;
  /// The name of its type, for errors.
  std::string_view type_name() const noexcept;

 private:
  using State =
      std::variant<std::monostate, bool, int64_t, double, std::string, std::shared_ptr<const List>, std::shared_ptr<const Map>>;
  explicit Value(State state) : state_(std::move(state)) {}
  State state_;
};

/// A float as Go prints it with %v: shortest, with an exponent below 1e-4 and from 1e21 on.
std::string print_float(double value);

}  // namespace tarsier::tmpl
