-- How Argo CD reads an object of access.roster.dev. A deleted one is shown by Argo CD itself, before any script.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is_true(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end

-- What Ready says is why; the other conditions repeat it.
local function because(otherwise)
  local ready = conditions.Ready
  if ready == nil or ready.message == nil or ready.message == "" then
    return otherwise
  end
  return ready.reason .. ": " .. ready.message
end

if obj.metadata.deletionTimestamp ~= nil then
  return {status = "Progressing", message = because("Its access is being taken away")}
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return {status = "Suspended", message = because("Suspended")}
end
if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "The operator has not seen this generation yet"}
end
if is_true("Stalled") then
  return {status = "Degraded", message = because("It waits for a person")}
end
if is_true("Reconciling") then
  return {status = "Progressing", message = because("It is being worked on")}
end
if is_true("Ready") then
  return {status = "Healthy", message = because("It is as declared")}
end
return {status = "Progressing", message = because("The operator has not said anything yet")}
