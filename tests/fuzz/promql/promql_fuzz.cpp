// Any text is refused or read; what is read prints as something that reads back and prints the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/printer.hpp"
#include "plugins/query/promql/plan/prepare.hpp"

namespace {

[[noreturn]] void fail(std::string_view what, const std::string& text) {
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(what.size()), what.data(), text.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarsier::promql;
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  auto tree = parse(query);
  if (!tree) return 0;
  const std::string printed = print(**tree);
  auto again = parse(printed);
  if (!again) fail(again.error().message(), printed);
  if (print(**again) != printed) fail("prints differently the second time", printed);
  auto pretty = parse(print_pretty(**tree));
  if (!pretty) fail(pretty.error().message(), print_pretty(**tree));
  (void)prepare(query, **tree, {0, 3'600'000'000'000, 60'000'000'000}).ok();
  return 0;
}
