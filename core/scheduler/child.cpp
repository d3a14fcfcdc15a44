#include "core/scheduler/child.hpp"

namespace tarsier::scheduler {

Result<Command> Command::from(const tarsier_process_spec& spec) {
  if (!TARSIER_HAS(&spec, on_exit)) return Error::invalid("process spec is too short");
  if (spec.args == nullptr || spec.arg_count == 0 || spec.args[0].size == 0)
    return Error::invalid("start a child: no program was named");
  Command command;
  for (uint32_t i = 0; i < spec.arg_count; ++i) command.args.emplace_back(view(spec.args[i]));
  if (spec.env != nullptr) {
    command.environment.emplace();
    for (uint32_t i = 0; i < spec.env_count; ++i)
      command.environment->push_back(std::string(view(spec.env[i].name)) + "=" + std::string(view(spec.env[i].value)));
  }
  command.directory = view(spec.directory);
  return command;
}

}  // namespace tarsier::scheduler
