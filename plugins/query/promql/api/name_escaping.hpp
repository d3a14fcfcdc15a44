// How names that are not of the old alphabet are written for readers that know no other.
#pragma once

#include <string>
#include <string_view>

namespace tarsier::promql {

enum class Escaping { kUnderscores, kDots, kValues, kUtf8 };

/// The one that an Accept header names first; kUnderscores when it names none.
Escaping read_escaping(std::string_view accept);
/// As it stands in the type of an answer: "underscores".
std::string_view name_of(Escaping escaping);

/// A name with underscores for what is unknown. `colons`: they may stay.
std::string plain_name(std::string_view name, bool colons);
/// kDots: "a.b" is a_dot_b; kValues: it is U__a_2e_b. What needs no escaping stays.
std::string escape_name(std::string_view name, Escaping escaping, bool colons);

}  // namespace tarsier::promql
