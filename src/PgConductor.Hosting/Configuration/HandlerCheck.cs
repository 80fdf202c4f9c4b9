using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace PgConductor.Hosting.Configuration;

/// <summary>Finds handler classes whose constructors ask for services that nobody registered: at start, not at the first execution.</summary>
internal static class HandlerCheck
{
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Handlers come from AddTask, whose type parameter keeps their constructors.")]
    public static IEnumerable<string> Find(PgConductorBuilder builder, IServiceProvider services)
    {
        if (services.GetService<IServiceProviderIsService>() is not { } known)
        {
            yield break;
        }

        foreach (var handler in builder.Handlers.Distinct())
        {
            var registration = builder.Services.LastOrDefault(service => !service.IsKeyedService && service.ServiceType == handler);
            if (registration?.ImplementationType != handler)
            {
                // Made by the program's own factory.
                continue;
            }

            var missing = handler.GetConstructors().Select(constructor => Missing(constructor, known)).ToList();
            if (missing.Count == 0)
            {
                yield return $"the handler {handler} has no public constructor";
            }
            else if (missing.TrueForAll(types => types.Count > 0))
            {
                yield return $"the handler {handler} cannot be made: {string.Join(", ", missing.MinBy(types => types.Count)!)} is not registered as a service";
            }
        }
    }

    private static List<string> Missing(ConstructorInfo constructor, IServiceProviderIsService known) =>
    [
        .. constructor.GetParameters()
            .Where(parameter => !parameter.HasDefaultValue
                && parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is null
                && !known.IsService(parameter.ParameterType))
            .Select(parameter => parameter.ParameterType.ToString()),
    ];
}
