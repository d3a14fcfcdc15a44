// The program.
#include <string_view>
#include <vector>

#include "core/host/cli/command.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  return tarsier::host::cli::dispatch(words);
}
